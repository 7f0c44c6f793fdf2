// SPDX-License-Identifier: Apache-2.0
#include "federation/in_process.h"

#include "federation/side_by_side.h"

namespace clinnova::federation {

namespace {

/// Fewer parties than this have nothing to hide from each other: the sum gives the other's numbers away.
constexpr std::size_t kSecureSites = 3;

}  // namespace

InProcessFederation::InProcessFederation() = default;
InProcessFederation::~InProcessFederation() = default;

Result<std::unique_ptr<InProcessFederation>> InProcessFederation::Create(Options options) {
  if (options.tables.empty() || options.tables.size() != options.site_names.size()) {
    return Fail(ErrorCode::kInvalidInput,
                "a federation needs at least one site, and a table for each");
  }
  std::unique_ptr<InProcessFederation> federation(new InProcessFederation());
  federation->schema_ = options.tables.front().schema;
  federation->site_names_ = std::move(options.site_names);
  federation->minimum_count_ = options.minimum_count;
  federation->threads_ = options.threads;
  federation->limits_ = Stricter(options.limits, options.study.limits());
  for (table::Table& table : options.tables) {
    if (table.schema != federation->schema_) {
      return Fail(ErrorCode::kInvalidInput, "the sites' tables do not stand under one schema");
    }
    federation->sites_.emplace_back(SiteRunner::Options{.study = options.study,
                                                        .table = std::move(table),
                                                        .steps = options.steps,
                                                        .minimum_count = options.minimum_count,
                                                        .limits = federation->limits_,
                                                        .threads = options.threads});
  }
  if (options.study.secure_sum() && federation->site_names_.size() >= kSecureSites) {
    CLINNOVA_ASSIGN(
        federation->secure_,
        LocalSecureSum::Create(federation->site_names_, options.study.hash(), options.threads));
  }
  return federation;
}

Result<std::vector<Int128>> InProcessFederation::Round(const RoundRequest& request,
                                                       const Layout& layout) {
  const core::Hash seed = core::Blake2b(core::Encode(request));
  std::vector<std::vector<Int128>> contributions(sites_.size());
  CLINNOVA_TRY(ForEachSite(sites_.size(), threads_, [&](std::size_t s) -> Result<void> {
    auto contribution = sites_[s].Contribute(request, seed);
    if (!contribution) return FailAt("site " + site_names_[s], contribution);
    contributions[s] = std::move(*contribution);
    return {};
  }));
  if (secure_) return secure_->Sum(request, layout, contributions);
  std::vector<unsigned __int128> sum(layout.elements());
  for (const std::vector<Int128>& contribution : contributions) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] += static_cast<unsigned __int128>(contribution[i]);
    }
  }
  return std::vector<Int128>(sum.begin(), sum.end());
}

}  // namespace clinnova::federation
