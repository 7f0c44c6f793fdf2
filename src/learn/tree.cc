// SPDX-License-Identifier: Apache-2.0
#include "learn/tree.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace clinnova::learn {
namespace {

constexpr std::uint16_t kNoFeature = 0xffff;
constexpr std::uint8_t kMissingLeft = 1;
constexpr std::uint8_t kByLevels = 2;
constexpr std::size_t kMostNodes = std::size_t{2} << kDeepestTree;

static_assert(std::endian::native == std::endian::little, "trees are little-endian on the wire");

template <typename T>
void Put(core::Bytes& bytes, T value) {
  const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof value);
}

/// Takes values off the front of bytes; `ok` is false once there were too few.
struct Reader {
  core::ByteView rest;
  bool ok = true;

  template <typename T>
  T Get() {
    T value{};
    if (rest.size() < sizeof value) {
      ok = false;
      return value;
    }
    std::memcpy(&value, rest.data(), sizeof value);
    rest = rest.subspan(sizeof value);
    return value;
  }
};

tl::unexpected<Error> NoTree() {
  return Fail(ErrorCode::kRefused, "a tree that does not fit the features", "wrong_layout");
}

TreeNode GetNode(Reader& reader, const std::vector<Feature>& features) {
  TreeNode node;
  const auto feature = reader.Get<std::uint16_t>();
  node.split.bin = reader.Get<std::uint8_t>();
  const auto flags = reader.Get<std::uint8_t>();
  node.left = reader.Get<std::uint16_t>();
  node.value = reader.Get<double>();
  node.persons = reader.Get<std::uint32_t>();
  node.sites = reader.Get<std::uint8_t>();
  node.leaf = feature == kNoFeature;
  if (node.leaf) return node;
  node.split.feature = feature;
  node.split.missing_left = (flags & kMissingLeft) != 0;
  if (feature >= features.size()) {
    reader.ok = false;
    return node;
  }
  const Feature& of = features[feature];
  const bool by_levels = (flags & kByLevels) != 0;
  reader.ok =
      reader.ok && by_levels == of.factor() && static_cast<std::size_t>(node.split.bin) < of.bins();
  for (std::size_t l = 0; by_levels && l < of.levels && reader.ok; ++l) {
    node.split.left_levels.push_back(reader.Get<std::uint8_t>());
  }
  return node;
}

}  // namespace

std::uint8_t BinOf(const std::vector<double>& cuts, double value) {
  return static_cast<std::uint8_t>(std::lower_bound(cuts.begin(), cuts.end(), value) -
                                   cuts.begin());
}

void BinsOf(const std::vector<double>& cuts, std::span<const double> values, std::uint8_t missing,
            std::span<std::uint8_t> bins) {
  constexpr std::size_t kTogether =
      8;  // so that one search's loads are under way while another's are awaited
  std::size_t r = 0;
  for (; r + kTogether <= values.size() && !cuts.empty(); r += kTogether) {
    const double* value = values.data() + r;
    std::array<std::size_t, kTogether> at{};
    // std::lower_bound without its branches, which a processor would guess wrong every other time.
    for (std::size_t left = cuts.size(); left > 1;) {
      const std::size_t half = left / 2;
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kTogether; ++i) {
        at[i] += half & -static_cast<std::size_t>(cuts[at[i] + half - 1] < value[i]);
      }
      left -= half;
    }
    for (std::size_t i = 0; i < kTogether; ++i) {
      const auto bin = static_cast<std::uint8_t>(at[i] + (cuts[at[i]] < value[i] ? 1 : 0));
      bins[r + i] = std::isnan(value[i]) ? missing : bin;
    }
  }
  for (; r < values.size(); ++r) {
    bins[r] = std::isnan(values[r]) ? missing : BinOf(cuts, values[r]);
  }
}

std::uint8_t BinAt(const table::Column& column, std::size_t row, const Feature& feature) {
  const auto missing = static_cast<std::uint8_t>(feature.missing_bin());
  if (feature.factor()) {
    const std::int32_t code = column.codes[row];
    return code < 0 ? missing : static_cast<std::uint8_t>(code);
  }
  const double value = column.numbers[row];
  return std::isnan(value) ? missing : BinOf(feature.cuts, value);
}

std::array<std::uint8_t, kMostBins + 1> Split::LeftByBin(const Feature& feature) const {
  std::array<std::uint8_t, kMostBins + 1> left{};
  for (std::size_t bin = 0; bin < feature.width(); ++bin) {
    left[bin] = GoesLeft(static_cast<std::uint8_t>(bin), feature.missing_bin()) ? 1 : 0;
  }
  return left;
}

std::size_t LeafOf(const Tree& tree, const std::vector<Feature>& features,
                   const std::uint8_t* row_bins) {
  std::size_t at = 0;
  while (!tree[at].leaf) {
    const Split& split = tree[at].split;
    const auto feature = static_cast<std::size_t>(split.feature);
    const bool left = split.GoesLeft(row_bins[feature], features[feature].missing_bin());
    at = left ? tree[at].left : tree[at].right();
  }
  return at;
}

LeafFinder::LeafFinder(const Tree& tree, const std::vector<Feature>& features)
    : nodes_(tree.size()) {
  std::vector<int> depth(tree.size());
  for (std::size_t at = 0; at < tree.size(); ++at) {
    Node& node = nodes_[at];
    node.left = static_cast<std::uint32_t>(at);
    if (tree[at].leaf) continue;
    node.left = tree[at].left;
    node.feature = static_cast<std::uint32_t>(tree[at].split.feature);
    const auto left = tree[at].split.LeftByBin(features[node.feature]);
    for (std::size_t bin = 0; bin < left.size(); ++bin) {
      node.right[bin / 64] |= std::uint64_t{left[bin] == 0} << (bin % 64);
    }
    // Children come behind their parent.
    depth[node.left] = depth[node.left + 1] = depth[at] + 1;
    depth_ = std::max(depth_, depth[at] + 1);
  }
}

void LeafFinder::Find(const std::uint8_t* bins, std::size_t stride,
                      std::span<std::uint32_t> leaves) const {
  constexpr std::size_t kTogether =
      8;  // so that one row's loads are under way while another's are awaited
  const auto step = [&](std::uint32_t at, const std::uint8_t* row) {
    const Node& node = nodes_[at];
    const std::uint8_t bin = row[node.feature];
    return node.left + static_cast<std::uint32_t>(node.right[bin / 64] >> (bin % 64) & 1);
  };
  std::size_t r = 0;
  for (; r + kTogether <= leaves.size(); r += kTogether) {
    std::array<std::uint32_t, kTogether> at{};
    const std::uint8_t* row = bins + r * stride;
    for (int level = 0; level < depth_; ++level) {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kTogether; ++i) at[i] = step(at[i], row + i * stride);
    }
    std::copy(at.begin(), at.end(), leaves.begin() + static_cast<std::ptrdiff_t>(r));
  }
  for (; r < leaves.size(); ++r) {
    leaves[r] = 0;
    for (int level = 0; level < depth_; ++level) {
      leaves[r] = step(leaves[r], bins + r * stride);
    }
  }
}

core::Bytes PackTree(const Tree& tree) {
  core::Bytes bytes;
  for (const TreeNode& node : tree) {
    const bool by_levels = !node.leaf && !node.split.left_levels.empty();
    Put(bytes, node.leaf ? kNoFeature : static_cast<std::uint16_t>(node.split.feature));
    Put(bytes, static_cast<std::uint8_t>(node.leaf ? 0 : node.split.bin));
    Put(bytes, static_cast<std::uint8_t>((node.split.missing_left ? kMissingLeft : 0) |
                                         (by_levels ? kByLevels : 0)));
    Put(bytes, static_cast<std::uint16_t>(node.left));
    Put(bytes, node.value);
    Put(bytes, static_cast<std::uint32_t>(std::min<std::int64_t>(node.persons, 0xffffffff)));
    Put(bytes, static_cast<std::uint8_t>(std::min<std::int64_t>(node.sites, 255)));
    if (by_levels) {
      bytes.insert(bytes.end(), node.split.left_levels.begin(), node.split.left_levels.end());
    }
  }
  return bytes;
}

Result<Tree> UnpackTree(core::ByteView bytes, const std::vector<Feature>& features) {
  Reader reader{bytes};
  Tree tree;
  while (!reader.rest.empty() && reader.ok && tree.size() < kMostNodes) {
    tree.push_back(GetNode(reader, features));
  }
  if (!reader.ok || !reader.rest.empty() || tree.empty()) return NoTree();
  for (std::size_t at = 0; at < tree.size(); ++at) {
    const TreeNode& node = tree[at];
    if (!std::isfinite(node.value)) return NoTree();
    if (!node.leaf && (node.left <= at || node.left + std::size_t{1} >= tree.size())) {
      return NoTree();
    }
  }
  return tree;
}

double ScoreOf(const TreeEnsemble& ensemble, const std::vector<Feature>& features,
               const std::uint8_t* row_bins) {
  double score = ensemble.base;
  for (const Tree& tree : ensemble.trees) score += tree[LeafOf(tree, features, row_bins)].value;
  return score;
}

}  // namespace clinnova::learn
