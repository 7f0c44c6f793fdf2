// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_steps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "learn/row_parts.h"
#include "learn/site_trees.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Int128;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;

namespace {

/// Numbers of a round at most: 256 MB from each site.
constexpr std::size_t kMostNumbers = std::size_t{1} << 24;

tl::unexpected<Error> WrongLayout(const std::string& what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

std::vector<RunScope> ScopesOf(const TreeClaim& claim) {
  std::vector<RunScope> scopes;
  for (const RunState& run : claim.runs) scopes.push_back(run.scope);
  return scopes;
}

/// The features of a wanted node and where their bins begin in the node's part of the block.
struct NodeBins {
  std::vector<std::uint32_t> features;  ///< empty: all
  std::vector<std::uint32_t> first;
  std::size_t size = 0;
};

Result<NodeBins> BinsOf(const TreeClaim& claim, const GrowingTree::Wanted& wanted) {
  NodeBins bins;
  bins.features = UnpackFeatures(wanted.features);
  const std::size_t count = bins.features.empty() ? claim.features.size() : bins.features.size();
  for (std::size_t f = 0; f < count; ++f) {
    const std::size_t feature = bins.features.empty() ? f : bins.features[f];
    if (feature >= claim.features.size()) return WrongLayout("a feature that is not there");
    bins.first.push_back(static_cast<std::uint32_t>(bins.size));
    bins.size += claim.features[feature].width();
  }
  return bins;
}

/// A node's rows of one thread's share, and where its sums go.
struct SumTask {
  const RowSums* rows = nullptr;
  std::span<const std::uint32_t> sample;
  NodeBins bins;
  std::size_t offset = 0;  ///< in the block
};

/// Rule 10 on what the hub says of a node that it wants to look into: its parent's split was accepted.
Result<void> CheckNode(const SiteView& site, const TreeNode& node, std::size_t index,
                       std::size_t own_rows) {
  if (site.minimum_count == 0) return {};
  if (node.persons < static_cast<std::int64_t>(own_rows)) {
    return Fail(ErrorCode::kRefused, "a node is said to have fewer rows than it has here",
                "false_claim");
  }
  const std::int64_t least =
      index == 0 ? site.minimum_count : std::max<std::int64_t>(kLeastPersons, site.minimum_count);
  if (node.persons < least || (index != 0 && node.sites < 2)) {
    return Fail(ErrorCode::kRefused, "a node of too few persons or of one site", "rare_level");
  }
  return {};
}

/// Persons of a sample: rows that are not there again.
std::size_t Persons(std::span<const std::uint32_t> sample) {
  return static_cast<std::size_t>(
      std::count_if(sample.begin(), sample.end(), [](std::uint32_t r) { return r < kAgain; }));
}

}  // namespace

Result<void> HoldScopes(const SiteView& site, const TreeClaim& claim) {
  return HoldScopes(site, ScopesOf(claim));
}

core::Bytes PackFeatures(const std::vector<std::uint32_t>& features) {
  core::Bytes bytes(features.size() * 2);
  for (std::size_t f = 0; f < features.size(); ++f) {
    const auto number = static_cast<std::uint16_t>(features[f]);
    std::memcpy(bytes.data() + 2 * f, &number, 2);
  }
  return bytes;
}

std::vector<std::uint32_t> UnpackFeatures(core::ByteView bytes) {
  std::vector<std::uint32_t> features(bytes.size() / 2);
  for (std::size_t f = 0; f < features.size(); ++f) {
    std::uint16_t number = 0;
    std::memcpy(&number, bytes.data() + 2 * f, 2);
    features[f] = number;
  }
  return features;
}

NodeUnits UnitsOf(std::int64_t rows, const Layout& layout) {
  return NodeUnits::For(rows, layout.blocks[kNodeSums].exponent,
                        layout.blocks[kCurvatureRange].exponent);
}

// ---- describe

Result<Layout> DescribeLayout(const Analysis&, const table::Schema&,
                              const DescribeParameters& parameters) {
  std::size_t levels = 0;
  std::size_t numbers = 0;
  for (const Feature& feature : parameters.features) {
    if (feature.levels > kMostBins) return WrongLayout("a factor of too many levels");
    levels += feature.levels;
    numbers += feature.factor() ? 0 : 1;
  }
  const std::size_t runs = parameters.runs.size();
  return Layout{{CountBlock("level_rows", levels), CountBlock("value_rows", numbers),
                 WideBlock("moments", 2 * numbers), CountBlock("run_rows", runs),
                 WideBlock("run_outcome", kOutcomeSums * runs), CountBlock("binary", 3),
                 CountBlock("largest_sizes", 2 * kSizeClasses)}};
}

namespace {

void DescribeFeatures(const SiteView& site, const TrainingRows& rows,
                      const std::vector<Feature>& features, std::size_t first, std::size_t count,
                      std::vector<double>& values, ExactSums& sums) {
  std::size_t level = 0;
  std::size_t number = 0;
  for (const Feature& feature : features) {
    if (feature.factor()) {
      const std::vector<std::int32_t>& codes = site.table.column(feature.column).codes;
      std::vector<std::int64_t> counts(feature.levels);
      for (std::size_t r = first; r < first + count; ++r) {
        const std::int32_t code = codes[rows.source_row[r]];
        if (code >= 0) ++counts[static_cast<std::size_t>(code)];
      }
      for (std::size_t l = 0; l < counts.size(); ++l)
        sums.AddCount(kLevelRows, level + l, counts[l]);
      level += feature.levels;
      continue;
    }
    ReadNumbers(site, rows, feature, first, count, values);
    std::erase_if(values, [](double value) { return std::isnan(value); });
    sums.AddCount(kValueRows, number, static_cast<std::int64_t>(values.size()));
    sums.AddAll(kMoments, 2 * number, values);
    for (double& value : values) value *= value;
    sums.AddAll(kMoments, 2 * number + 1, values);
    ++number;
  }
}

void TellLargest(std::span<const double> values, std::size_t which, ExactSums& sums) {
  double size = 0;
  for (const double value : values) size = std::max(size, std::fabs(value));
  if (size == 0) return;
  const int power = std::clamp(stats::ExponentOf(size), kLowestSize, kHighestSize);
  sums.AddCount(kLargestSizes,
                which * kSizeClasses + static_cast<std::size_t>(power - kLowestSize));
}

void DescribeRun(const TrainingRows& rows, std::span<const std::uint8_t> use, std::size_t run,
                 ExactSums& sums) {
  std::int64_t count = 0;
  for (std::size_t r = 0; r < use.size(); ++r) {
    if (use[r] == 0) continue;
    ++count;
    const double weight = rows.weight[r];
    const double offset = rows.offset.empty() ? 0 : rows.offset[r];
    sums.Add(kRunOutcome, kOutcomeSums * run, weight);
    sums.Add(kRunOutcome, kOutcomeSums * run + 1, weight * rows.outcome[r]);
    sums.Add(kRunOutcome, kOutcomeSums * run + 4, weight * (rows.outcome[r] * rows.outcome[r]));
    if (offset == 0) {
      sums.Add(kRunOutcome, kOutcomeSums * run + 3, weight);
      continue;
    }
    sums.Add(kRunOutcome, kOutcomeSums * run + 2, weight * offset);
    sums.Add(kRunOutcome, kOutcomeSums * run + 3, weight * core::Exp(offset));
  }
  sums.AddCount(kRunRows, run, count);
}

}  // namespace

Result<void> Describe(RowsFunction make, const SiteView& site, const DescribeParameters& parameters,
                      ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const TrainingRows> rows,
                  RowsOf(make, site, parameters.source));
  CLINNOVA_TRY(CheckFeatures(site, *rows, parameters.features));
  std::vector<std::vector<std::uint8_t>> use;
  for (const RunScope& run : parameters.runs) use.push_back(RowsInScope(site, *rows, run));
  for (std::size_t run = 0; run < use.size(); ++run) DescribeRun(*rows, use[run], run, sums);
  TellLargest(rows->outcome, 0, sums);
  TellLargest(rows->weight, 1, sums);
  const std::vector<double>& events = rows->event.empty() ? rows->outcome : rows->event;
  for (const double event : events) {
    sums.AddCount(kBinary, event == 0 ? 0 : event == 1 ? 1 : 2);
  }
  return federation::ForEachBatch<std::vector<double>>(
      rows->rows(), site.threads, sums,
      [&](std::size_t first, std::size_t count, std::vector<double>& values,
          ExactSums& mine) -> Result<void> {
        DescribeFeatures(site, *rows, parameters.features, first, count, values, mine);
        return {};
      });
}

// ---- grow

Result<Layout> GrowLayout(const Analysis&, const table::Schema&, const GrowParameters& parameters) {
  std::size_t numbers = 0;
  for (const GrowingTree& tree : parameters.trees) {
    for (const GrowingTree::Wanted& wanted : tree.wanted) {
      CLINNOVA_ASSIGN(const NodeBins bins, BinsOf(parameters.claim, wanted));
      numbers += bins.size;
    }
  }
  if (numbers > kMostNumbers) return WrongLayout("a round of too many numbers");
  return Layout{
      {ScaledBlock("node_sums", numbers, static_cast<int>(parameters.slope_exponent)),
       ScaledBlock("curvature_range", 0, static_cast<int>(parameters.curvature_exponent))}};
}

namespace {

/// The wanted nodes' rows, cut into tasks of about equal size.
Result<std::vector<SumTask>> SumTasks(const SiteView& site, const SiteTrees& memory,
                                      const GrowParameters& parameters, const NodeUnits& units,
                                      ExactSums& sums) {
  std::vector<SumTask> tasks;
  std::size_t offset = 0;
  for (const GrowingTree& growing : parameters.trees) {
    CLINNOVA_ASSIGN(const SiteTrees::Placement* placed,
                    memory.PlaceRows(site, parameters.claim, growing));
    CLINNOVA_ASSIGN(const SiteTrees::Gradients gradients,
                    memory.GradientsOf(site, parameters.claim, growing.run, units));
    if (!gradients.range.slopes) sums.Flag(kNodeSums);
    if (!gradients.range.curvatures) sums.Flag(kCurvatureRange);
    CLINNOVA_ASSIGN(const Tree said, UnpackTree(growing.nodes, parameters.claim.features));
    for (const GrowingTree::Wanted& wanted : growing.wanted) {
      if (wanted.node >= placed->range.size()) return WrongLayout("a node that is not there");
      const auto sample = placed->at(wanted.node);
      CLINNOVA_TRY(CheckNode(site, said[wanted.node], wanted.node, Persons(sample)));
      CLINNOVA_ASSIGN(const NodeBins bins, BinsOf(parameters.claim, wanted));
      for (std::size_t first = 0; first < sample.size(); first += kRowsPerPart) {
        tasks.push_back({gradients.rows,
                         sample.subspan(first, std::min(kRowsPerPart, sample.size() - first)), bins,
                         offset});
      }
      offset += bins.size;
    }
  }
  return tasks;
}

}  // namespace

Result<void> Grow(RowsFunction make, const SiteView& site, const GrowParameters& parameters,
                  ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteTrees> memory,
                  SiteTrees::Of(make, site, parameters.claim));
  const std::lock_guard lock(memory->mutex());
  const NodeUnits units = UnitsOf(parameters.rows, sums.layout());
  if (units.fraction_bits < 16) return WrongLayout("too many rows for the sums of trees");
  CLINNOVA_ASSIGN(const std::vector<SumTask> tasks,
                  SumTasks(site, *memory, parameters, units, sums));
  if (sums.flagged()) return {};
  const BinnedRows& binned = memory->binned();
  std::mutex mutex;
  ForEachPart(tasks.size(), site.threads, [&](std::size_t t) {
    const SumTask& task = tasks[t];
    thread_local std::vector<RowSums> scratch;
    std::vector<Int128> mine(task.bins.size);
    SumNode(units, {binned.bins.data(), binned.features, task.bins.features, task.bins.first},
            task.rows, task.sample, scratch, mine);
    const std::lock_guard adding(mutex);
    sums.AddIntegers(kNodeSums, task.offset, mine);
  });
  return {};
}

// ---- sides

Result<Layout> SidesLayout(const Analysis&, const table::Schema&,
                           const SidesParameters& parameters) {
  return Layout{{CountBlock("site_sides", 2 * parameters.proposals.size())}};
}

Result<void> FindSides(RowsFunction make, const SiteView& site, const SidesParameters& parameters,
                       ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteTrees> memory,
                  SiteTrees::Of(make, site, parameters.claim));
  const std::lock_guard lock(memory->mutex());
  const std::vector<Feature>& features = parameters.claim.features;
  std::vector<const SiteTrees::Placement*> placed;
  for (const GrowingTree& growing : parameters.trees) {
    CLINNOVA_ASSIGN(const SiteTrees::Placement* placement,
                    memory->PlaceRows(site, parameters.claim, growing));
    placed.push_back(placement);
  }
  for (std::size_t p = 0; p < parameters.proposals.size(); ++p) {
    const SidesParameters::Proposal& proposal = parameters.proposals[p];
    CLINNOVA_ASSIGN(const Tree split, UnpackTree(proposal.split, features));
    if (proposal.tree >= placed.size() || proposal.node >= placed[proposal.tree]->range.size() ||
        split.front().leaf) {
      return WrongLayout("a split that is not there");
    }
    const auto feature = static_cast<std::size_t>(split.front().split.feature);
    bool left = false;
    bool right = false;
    for (const std::uint32_t entry : placed[proposal.tree]->at(proposal.node)) {
      const std::uint8_t bin = memory->binned().row(entry & ~kAgain)[feature];
      (split.front().split.GoesLeft(bin, features[feature].missing_bin()) ? left : right) = true;
      if (left && right) break;
    }
    sums.AddCount(kSiteSides, 2 * p, left ? 1 : 0);
    sums.AddCount(kSiteSides, 2 * p + 1, right ? 1 : 0);
  }
  return {};
}

}  // namespace clinnova::learn
