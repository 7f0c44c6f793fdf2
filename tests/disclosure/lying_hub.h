// SPDX-License-Identifier: Apache-2.0
// For the attacks: a hub that runs other code than ours, over sites that run ours.
//
//   LyingHub hub(analysis, Patients(), 5, [](RoundRequest& request) { … });   // what it asks in place of ours
//   hub.Outcome();                                                            // why a site refused
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "attacked_tables.h"
#include "federation/federation.h"
#include "federation/site_runner.h"
#include "stats/case_differences.h"
#include "stats/method.h"
#include "stats/study_fixture.h"

namespace clinnova::stats {

/// Real sites with a threshold of five, and a hub that may forge every request.
class LyingHub final : public federation::Federation {
 public:
  using Forge = std::function<void(federation::RoundRequest&)>;

  LyingHub(std::string_view analysis, const Patients& patients, int told_minimum, Forge forge)
      : study_(StudyOf(analysis, 5)), told_minimum_(told_minimum), forge_(std::move(forge)) {
    for (table::Table& table : patients.Sites()) {
      schema_ = table.schema;
      sites_.emplace_back(federation::SiteRunner::Options{
          .study = study_, .table = std::move(table), .steps = &Steps(), .minimum_count = 5});
    }
  }

  const table::Schema& schema() const override { return schema_; }
  const std::vector<std::string>& sites() const override { return names_; }
  int minimum_count() const override { return told_minimum_; }

  /// The reason of the site that refused; "" when all numbers came.
  std::string Outcome() {
    const auto result = RunAnalysis(*this, study_.analyses().front());
    if (result) return "";
    return result.error().reason.empty() ? result.error().message : result.error().reason;
  }
  /// The same of the round that compares the last analysis' persons with those of the ones before.
  std::string OutcomeOfDifferences() {
    const auto result = CheckDifferences(*this, study_.analyses().back());
    return result ? "" : result.error().reason;
  }
  /// Whether a site ever gave numbers other than counts.
  bool got_sums() const { return got_sums_; }
  /// What the last round of a step told; null where none did.
  const federation::PooledSums* Seen(const std::string& step) const {
    const auto found = seen_.find(step);
    return found == seen_.end() ? nullptr : &found->second;
  }

 protected:
  Result<std::vector<federation::Int128>> Round(const federation::RoundRequest& request,
                                                const federation::Layout& layout) override {
    federation::RoundRequest forged = request;
    if (forge_) forge_(forged);
    std::vector<unsigned __int128> sum(layout.elements());
    for (const federation::SiteRunner& site : sites_) {
      CLINNOVA_ASSIGN(const std::vector<federation::Int128> part,
                      site.Contribute(forged, core::Hash{}));
      if (part.size() != sum.size()) return Fail(ErrorCode::kFailed, "another layout", "layout");
      for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] += static_cast<unsigned __int128>(part[i]);
    }
    got_sums_ = got_sums_ || !CountsAlone(layout);
    std::vector<federation::Int128> total(sum.begin(), sum.end());
    if (const auto read = federation::PooledSums::Decode(layout, total)) {
      seen_.insert_or_assign(request.step, *read);
    }
    return total;
  }

 private:
  federation::Study study_;
  int told_minimum_;
  Forge forge_;
  table::Schema schema_;
  std::vector<std::string> names_{"s1", "s2", "s3"};
  std::vector<federation::SiteRunner> sites_;
  bool got_sums_ = false;
  std::map<std::string, federation::PooledSums> seen_;
};

/// Changes what a step of parameters P asks.
template <typename P>
LyingHub::Forge Asking(std::string_view step, std::function<void(P&)> lie) {
  return [step, lie = std::move(lie)](federation::RoundRequest& request) {
    if (request.step != step) return;
    P parameters = *core::Decode<P>(request.parameters);
    lie(parameters);
    request.parameters = core::Encode(parameters);
  };
}

}  // namespace clinnova::stats
