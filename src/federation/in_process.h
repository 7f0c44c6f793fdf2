// SPDX-License-Identifier: Apache-2.0
// A federation whose sites are tables in this process: `simulate`, tests and benchmarks. The sites run the
// same SiteRunner as in production, and the same secure sum where the study asks for it and there are
// enough sites.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "federation/local_secure_sum.h"
#include "federation/site_runner.h"

namespace clinnova::federation {

class InProcessFederation final : public Federation {
 public:
  struct Options {
    Study study;
    std::vector<std::string> site_names;
    std::vector<table::Table> tables;    ///< one per site, all under the same schema
    const StepCatalog* steps = nullptr;  // not owned, outlives this
    int minimum_count = 5;
    DisclosureLimits limits{};  ///< of every site; the study's, where stricter, win
    int threads = 1;            ///< of each site, and sites that work side by side
  };

  /// kInvalidInput when there is no site or the tables' schemas differ.
  static Result<std::unique_ptr<InProcessFederation>> Create(Options options);
  ~InProcessFederation() override;

  const table::Schema& schema() const override { return schema_; }
  const std::vector<std::string>& sites() const override { return site_names_; }
  int minimum_count() const override { return minimum_count_; }
  DisclosureLimits limits() const override { return limits_; }

  /// True when the sums travel masked.
  bool secure() const { return secure_ != nullptr; }

 protected:
  Result<std::vector<Int128>> Round(const RoundRequest& request, const Layout& layout) override;

 private:
  InProcessFederation();

  table::Schema schema_;
  std::vector<std::string> site_names_;
  int minimum_count_ = 5;
  int threads_ = 1;
  DisclosureLimits limits_{};
  std::vector<SiteRunner> sites_;
  std::unique_ptr<LocalSecureSum> secure_;
};

}  // namespace clinnova::federation
