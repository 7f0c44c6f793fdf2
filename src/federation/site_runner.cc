// SPDX-License-Identifier: Apache-2.0
#include "federation/site_runner.h"

#include <cstdlib>
#include <exception>

namespace clinnova::federation {
namespace {

/// Beyond this a block's unit could not be told from a hub that fishes for overflow.
constexpr std::int64_t kLargestExponent = 600;

}  // namespace

SiteRunner::SiteRunner(Options options)
    : options_(std::move(options)), cache_(std::make_unique<SiteCache>()) {
  if (options_.table.rows < static_cast<std::size_t>(options_.minimum_count)) {
    options_.table = table::EmptyTable(options_.table.schema);
  }
}

Result<Layout> SiteRunner::LayoutOf(const RoundRequest& request) const {
  const Analysis* analysis = options_.study.FindAnalysis(request.analysis);
  if (analysis == nullptr) {
    return Fail(ErrorCode::kRefused,
                "the approved study has no analysis \"" + request.analysis + "\"",
                "unknown_analysis");
  }
  const Step* step = options_.steps->Find(analysis->method(), request.step);
  if (step == nullptr) {
    return Fail(ErrorCode::kRefused,
                "step " + request.step + " is not one of method " + analysis->method(),
                "unapproved_step");
  }
  CLINNOVA_ASSIGN(Layout layout,
                  step->LayoutOf(*analysis, options_.table.schema, request.parameters));
  if (request.exponents.size() != layout.blocks.size()) {
    return Fail(ErrorCode::kRefused, "exponents that do not fit the layout", "wrong_layout");
  }
  for (std::size_t b = 0; b < layout.blocks.size(); ++b) {
    BlockSpec& block = layout.blocks[b];
    const std::int64_t exponent = request.exponents[b];
    if (exponent < block.exponent || std::llabs(exponent) > kLargestExponent ||
        (exponent != block.exponent && block.form == BlockSpec::Form::kWide)) {
      return Fail(ErrorCode::kRefused, "exponents that do not fit the layout", "wrong_layout");
    }
    block.exponent = exponent;
  }
  return layout;
}

Result<std::vector<Int128>> SiteRunner::Contribute(const RoundRequest& request,
                                                   const core::Hash& noise_seed) const {
  CLINNOVA_ASSIGN(const Layout layout, LayoutOf(request));
  const Analysis* analysis = options_.study.FindAnalysis(request.analysis);
  const Step* step = options_.steps->Find(analysis->method(), request.step);
  const SiteView site{.table = options_.table,
                      .analysis = *analysis,
                      .cache = *cache_,
                      .threads = options_.threads,
                      .minimum_count = options_.minimum_count,
                      .limits = options_.limits};
  ExactSums sums(layout);
  try {
    if (options_.minimum_count > 0) CLINNOVA_TRY(step->Hold(site, request.parameters));
    CLINNOVA_TRY(step->Evaluate(site, request.parameters, sums));
  } catch (const std::exception& failure) {  // a bug ends the round, not the site
    return Fail(ErrorCode::kFailed, failure.what(), "internal");
  }
  return sums.Seal(noise_seed);
}

}  // namespace clinnova::federation
