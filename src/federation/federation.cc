// SPDX-License-Identifier: Apache-2.0
#include "federation/federation.h"

namespace clinnova::federation {
namespace {

/// How much larger a block's range gets when a contribution was outside it. The range grows in the same
/// steps whatever the partition of the rows, because it is each single contribution that is compared.
constexpr std::int64_t kRangeStep = 10;
constexpr int kRangeAttempts = 60;

core::Hash NextRoot(const core::Hash& root, const RoundRequest& request,
                    const std::vector<Int128>& elements) {
  core::ArchiveWriter chain;
  chain(root);
  chain(core::Blake2b(core::Encode(request)));
  chain(core::Blake2b(core::Encode(elements)));
  return core::Blake2b(chain.Take());
}

}  // namespace

Result<PooledSums> Federation::SumEncoded(const Analysis& analysis, const Step& step,
                                          core::Bytes parameters) {
  CLINNOVA_ASSIGN(Layout layout, step.LayoutOf(analysis, schema(), parameters));
  RoundRequest request{.round = 0,
                       .analysis = analysis.name(),
                       .step = std::string(step.name()),
                       .parameters = std::move(parameters),
                       .exponents = {}};
  for (int attempt = 0; attempt < kRangeAttempts; ++attempt) {
    request.round = ++rounds_;
    request.exponents.clear();
    for (const BlockSpec& block : layout.blocks) request.exponents.push_back(block.exponent);
    CLINNOVA_ASSIGN(std::vector<Int128> elements, Round(request, layout));
    root_ = NextRoot(root_, request, elements);
    CLINNOVA_ASSIGN(PooledSums sums, PooledSums::Decode(layout, std::move(elements)));
    const std::vector<std::size_t> flagged = sums.FlaggedBlocks();
    if (flagged.empty()) return sums;
    for (const std::size_t block : flagged) {
      BlockSpec& spec = layout.blocks[block];
      if (spec.form == BlockSpec::Form::kWide) {
        return Fail(ErrorCode::kFailed,
                    "analysis \"" + analysis.name() + "\": a value of " + spec.name +
                        " is not finite or above 2^255",
                    "out_of_range");
      }
      spec.exponent += kRangeStep;
    }
  }
  return Fail(ErrorCode::kFailed,
              "analysis \"" + analysis.name() + "\": the sums of step " + std::string(step.name()) +
                  " have no finite range",
              "out_of_range");
}

}  // namespace clinnova::federation
