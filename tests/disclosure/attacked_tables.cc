// SPDX-License-Identifier: Apache-2.0
#include "attacked_tables.h"

#include <cstdint>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {

Patients::Patients(std::size_t count) : persons(count) {
  std::uint64_t state = 20250914;
  const auto next = [&state] {  // the upper bits of a linear congruence: even enough for patients
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state >> 40) / 16777216.0;
  };
  for (std::size_t i = 0; i < persons; ++i) {
    numbers["x"].push_back(1000 + 5 * (next() + next() + next() - 1.5));
    numbers["z"].push_back(20 + 4 * (next() - 0.5));
    numbers["y"].push_back(next() < 0.4 ? 1 : 0);
    numbers["days"].push_back(1 + static_cast<double>(static_cast<int>(300 * next())));
    numbers["stopped"].push_back(next() < 0.6 ? 1 : 0);
    texts["drug"].push_back(next() < 0.5 ? "A" : "B");
  }
}

std::vector<table::Table> Patients::Sites() const {
  std::vector<table::FixtureColumn> columns;
  for (const auto& [name, values] : numbers) columns.emplace_back(name, values);
  for (const auto& [name, values] : texts) columns.emplace_back(name, values);
  std::vector<std::size_t> site_of_row;
  for (std::size_t i = 0; i < persons; ++i) site_of_row.push_back(i % 3);
  return Split(table::MakeTable(std::move(columns)), site_of_row, 3);
}

}  // namespace clinnova::stats
