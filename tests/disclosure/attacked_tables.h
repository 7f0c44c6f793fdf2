// SPDX-License-Identifier: Apache-2.0
// For the attacks: a table of made-up patients over three sites, into which a test plants what it then tries to get out.
//
//   Patients patients;                       // 150 persons: y, x, z, drug, days, stopped
//   patients.numbers["x"][7] = 1e6;          // somebody who stands out
//   RunOne(analysis, patients.Sites(), {.minimum_count = 5});
#pragma once

#include <map>
#include <string>
#include <vector>

#include "table/table.h"

namespace clinnova::stats {

struct Patients {
  explicit Patients(std::size_t persons = 150);

  std::size_t persons;
  std::map<std::string, std::vector<double>>
      numbers;  ///< y 0/1; x about 1000; z about 20; days; stopped 0/1
  std::map<std::string, std::vector<std::string>> texts;  ///< drug A or B

  /// Person i is at site s(i mod 3 + 1).
  std::vector<table::Table> Sites() const;
};

}  // namespace clinnova::stats
