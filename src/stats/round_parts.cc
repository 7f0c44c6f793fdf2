// SPDX-License-Identifier: Apache-2.0
#include "stats/round_parts.h"

#include <algorithm>

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::Step;

namespace {

Result<const Step*> StepOf(const PartSteps& steps, const RoundParts& parts, std::size_t part) {
  const auto named = [&](const Step* step) { return step->name() == parts.steps[part]; };
  const auto found = std::find_if(steps.begin(), steps.end(), named);
  if (parts.parameters.size() == parts.steps.size() && found != steps.end()) return *found;
  return Fail(ErrorCode::kRefused, "a part that is no step of the method", "unknown_step");
}

/// Blocks [first, first + count) of a layout.
Layout Slice(const Layout& layout, std::size_t first, std::size_t count) {
  const auto begin = layout.blocks.begin() + static_cast<std::ptrdiff_t>(first);
  return Layout{{begin, begin + static_cast<std::ptrdiff_t>(count)}};
}

}  // namespace

Result<Layout> PartsLayout(const PartSteps& steps, const Analysis& analysis,
                           const table::Schema& schema, const RoundParts& parts) {
  Layout layout;
  for (std::size_t part = 0; part < parts.steps.size(); ++part) {
    CLINNOVA_ASSIGN(const Step* step, StepOf(steps, parts, part));
    CLINNOVA_ASSIGN(const Layout blocks, step->LayoutOf(analysis, schema, parts.parameters[part]));
    layout.blocks.insert(layout.blocks.end(), blocks.blocks.begin(), blocks.blocks.end());
  }
  return layout;
}

Result<void> PartsEvaluate(const PartSteps& steps, const SiteView& site, const RoundParts& parts,
                           ExactSums& sums) {
  std::size_t first = 0;
  for (std::size_t part = 0; part < parts.steps.size(); ++part) {
    CLINNOVA_ASSIGN(const Step* step, StepOf(steps, parts, part));
    CLINNOVA_ASSIGN(const Layout own,
                    step->LayoutOf(site.analysis, site.table.schema, parts.parameters[part]));
    // With the exponents of this round, which may have been raised.
    ExactSums here(Slice(sums.layout(), first, own.blocks.size()));
    CLINNOVA_TRY(step->Evaluate(site, parts.parameters[part], here));
    sums.MergeBlocks(first, here);
    first += own.blocks.size();
  }
  return {};
}

Result<void> HoldParts(const PartSteps& steps, const SiteView& site, const RoundParts& parts) {
  for (std::size_t part = 0; part < parts.steps.size(); ++part) {
    CLINNOVA_ASSIGN(const Step* step, StepOf(steps, parts, part));
    CLINNOVA_TRY(step->Hold(site, parts.parameters[part]));
  }
  return {};
}

Result<std::vector<PooledSums>> SumParts(Federation& federation, const Analysis& analysis,
                                         const federation::TypedStep<RoundParts>& round,
                                         const PartSteps& steps, const RoundParts& parts) {
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, round, parts));
  std::vector<PooledSums> by_part;
  std::size_t first = 0;
  auto element = sums.elements().begin();
  for (std::size_t part = 0; part < parts.steps.size(); ++part) {
    CLINNOVA_ASSIGN(const Step* step, StepOf(steps, parts, part));
    CLINNOVA_ASSIGN(const Layout own,
                    step->LayoutOf(analysis, federation.schema(), parts.parameters[part]));
    const Layout layout = Slice(sums.layout(), first, own.blocks.size());
    const auto end = element + static_cast<std::ptrdiff_t>(layout.elements());
    CLINNOVA_ASSIGN(PooledSums here, PooledSums::Decode(layout, {element, end}));
    by_part.push_back(std::move(here));
    first += own.blocks.size();
    element = end;
  }
  return by_part;
}

}  // namespace clinnova::stats
