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

std::uint8_t BinAt(const table::Column& column, std::size_t row, const Feature& feature) {
  const auto missing = static_cast<std::uint8_t>(feature.missing_bin());
  if (feature.factor()) {
    const std::int32_t code = column.codes[row];
    return code < 0 ? missing : static_cast<std::uint8_t>(code);
  }
  const double value = column.numbers[row];
  return std::isnan(value) ? missing : BinOf(feature.cuts, value);
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
