// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_steps.h"

#include "core/deterministic_math.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::SiteView;
using federation::WideBlock;

namespace {

Result<Layout> SumsLayout(const Analysis&, const table::Schema&, const MetaParameters& parameters) {
  if (parameters.powers < 1 || parameters.powers > kMostPowers || !(parameters.tau2 >= 0))
    return Fail(ErrorCode::kRefused, "sums that no meta-analysis has", "wrong_layout");
  return Layout{{CountBlock("estimates", 1), WideBlock("sums", 3 * parameters.powers)}};
}

Result<void> SumsEvaluate(const SiteView& site, const MetaParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto estimates, SiteEstimatesOf(site, parameters.request));
  sums.AddCount(kMetaEstimates, 0, static_cast<std::int64_t>(estimates->size()));
  for (const SiteEstimate& mine : *estimates) {
    AddWeighted(mine, parameters.tau2, parameters.center, parameters.powers, kMetaSums, sums);
  }
  return {};
}

Result<Layout> TauLayout(const Analysis&, const table::Schema&,
                         const MetaTauParameters& parameters) {
  if (parameters.taus.size() > kMostTaus)
    return Fail(ErrorCode::kRefused, "more values of tau than a study needs", "wrong_layout");
  return Layout{{WideBlock("sums", 4 * parameters.taus.size())}};
}

Result<void> TauEvaluate(const SiteView& site, const MetaTauParameters& parameters,
                         ExactSums& sums) {
  CLINNOVA_ASSIGN(const auto estimates, SiteEstimatesOf(site, parameters.request));
  for (const SiteEstimate& mine : *estimates) {
    const double error = mine.estimate - parameters.center;
    for (std::size_t t = 0; t < parameters.taus.size(); ++t) {
      const double weight = 1 / (mine.variance + parameters.taus[t] * parameters.taus[t]);
      sums.Add(0, 4 * t, weight);
      sums.Add(0, 4 * t + 1, weight * error);
      sums.Add(0, 4 * t + 2, weight * error * error);
      sums.Add(0, 4 * t + 3, core::Log(weight));
    }
  }
  return {};
}

std::size_t SiteCount(const table::Schema& schema) {
  return schema.columns[*schema.Find("site")].levels.size();
}

Result<Layout> SitesLayout(const Analysis&, const table::Schema& schema, const MetaParameters&) {
  const std::size_t sites = SiteCount(schema);
  return Layout{
      {CountBlock("estimates", sites), WideBlock("estimate", sites), WideBlock("variance", sites)}};
}

Result<void> SitesEvaluate(const SiteView& site, const MetaParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const bool released, site.analysis.Flag("release_sites", false));
  if (!released || RowsAreEstimates(site.analysis)) {
    return Fail(ErrorCode::kRefused, "the approved analysis does not release sites' estimates",
                "sites_not_released");
  }
  CLINNOVA_ASSIGN(const auto estimates, SiteEstimatesOf(site, parameters.request));
  if (estimates->empty()) return {};
  const auto place =
      static_cast<std::size_t>(site.table.column(*site.table.schema.Find("site")).codes.front());
  sums.AddCount(0, place, 1);
  sums.Add(1, place, estimates->front().estimate);
  sums.Add(2, place, estimates->front().variance);
  return {};
}

}  // namespace

const federation::TypedStep<MetaParameters> kMetaStep{"meta.sums", SumsLayout, SumsEvaluate,
                                                      EstimateGuard{}};
const federation::TypedStep<MetaTauParameters> kMetaTauStep{"meta.taus", TauLayout, TauEvaluate,
                                                            EstimateGuard{}};
const federation::TypedStep<MetaParameters> kMetaSitesStep{"meta.sites", SitesLayout, SitesEvaluate,
                                                           EstimateGuard{}};

}  // namespace clinnova::stats
