// SPDX-License-Identifier: Apache-2.0
#include "stats/paired_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace clinnova::stats {
namespace {

constexpr std::size_t kMostEffects = 3000;
/// A column of Z_2 that keeps less than this part of its square in R_z is one of the clusters' own.
constexpr double kNothingLeft = 1e-24;

/// Groups of levels that hang together: each points to another one until to itself.
class Linked {
 public:
  std::size_t Add() {
    to_.push_back(to_.size());
    return to_.size() - 1;
  }
  std::size_t Head(std::size_t level) {
    while (to_[level] != level) level = to_[level] = to_[to_[level]];
    return level;
  }
  void Link(std::size_t a, std::size_t b) { to_[Head(a)] = Head(b); }

 private:
  std::vector<std::size_t> to_;
};

/// A level of the first group: with nested groups, of a level of the second.
using FirstKey = std::pair<std::int64_t, std::int64_t>;

/// The rows of a level of each group.
struct Cell {
  FirstKey first;
  std::int64_t second;
  std::size_t rows;  ///< number of the cluster in ClusteredRows
};

/// Cells that hang together, ordered by their levels.
std::vector<std::vector<Cell>> CellsOf(const ClusteredRows& rows, bool nested) {
  std::vector<Cell> cells;
  for (std::size_t c = 0; c < rows.clusters(); ++c) {
    cells.push_back({{nested ? rows.outer_key[c] : 0, rows.key[c]}, rows.outer_key[c], c});
  }
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::pair(a.first, a.second) < std::pair(b.first, b.second);
  });
  std::map<FirstKey, std::size_t> first;
  std::map<std::int64_t, std::size_t> second;
  Linked linked;
  for (const Cell& cell : cells) {
    if (!first.contains(cell.first)) first.emplace(cell.first, linked.Add());
    if (!second.contains(cell.second)) second.emplace(cell.second, linked.Add());
    linked.Link(first.at(cell.first), second.at(cell.second));
  }
  std::map<std::size_t, std::size_t> index;
  std::vector<std::vector<Cell>> parts;
  for (const Cell& cell : cells) {
    const std::size_t at =
        index.try_emplace(linked.Head(first.at(cell.first)), parts.size()).first->second;
    if (at == parts.size()) parts.emplace_back();
    parts[at].push_back(cell);
  }
  return parts;
}

/// The part's clusters with their rows and levels, without any numbers.
PairedPart LaidOut(const std::vector<Cell>& cells, const ClusteredRows& rows,
                   const RandomPart& random) {
  std::map<FirstKey, std::size_t> first;
  std::map<std::int64_t, std::size_t> second;
  for (const Cell& cell : cells) {
    first.try_emplace(cell.first, 0);
    second.try_emplace(cell.second, 0);
  }
  std::size_t place = 0;
  for (auto& [key, at] : first) at = place++;
  place = 0;
  for (auto& [key, at] : second) at = place++;
  PairedPart part;
  const bool second_is_larger =
      second.size() * random.groups[1].size() > first.size() * random.groups[0].size();
  part.eliminated = second_is_larger ? 1 : 0;
  part.columns = rows.columns + 1;
  part.effects = random.groups[1 - part.eliminated].size();
  part.levels = second_is_larger ? first.size() : second.size();
  part.clusters.resize(second_is_larger ? second.size() : first.size());
  for (const Cell& cell : cells) {
    std::size_t own = first.at(cell.first);
    std::size_t other = second.at(cell.second);
    if (second_is_larger) std::swap(own, other);
    PairedCluster& cluster = part.clusters[own];
    cluster.spans.push_back(
        {rows.first[cell.rows], rows.first[cell.rows + 1], cluster.levels.size()});
    cluster.levels.push_back(other);
  }
  return part;
}

void ReadCluster(const PairedPart& part, ModelRow& row, PairedCluster& cluster) {
  const std::size_t own = part.eliminated;
  ClusterProducts products(row.z[own].size(), part.columns + cluster.levels.size() * part.effects);
  for (const RowSpan& span : cluster.spans) {
    for (std::size_t r = span.first; r < span.end; ++r) {
      row.Read(r);
      products.AddGram(row.z[own]);
      for (std::size_t j = 0; j < part.columns; ++j) products.AddCross(row.z[own], j, row.w[j]);
      for (std::size_t b = 0; b < part.effects; ++b) {
        products.AddCross(row.z[own], part.columns + span.touched * part.effects + b,
                          row.z[1 - own][b]);
      }
    }
  }
  cluster.gram_factor = products.GramFactor();
  const DenseMatrix coefficients = products.Coefficients(cluster.gram_factor);
  cluster.b = DenseMatrix(coefficients.rows, part.columns);
  cluster.z = DenseMatrix(coefficients.rows, coefficients.columns - part.columns);
  for (std::size_t a = 0; a < coefficients.rows; ++a) {
    const double* from = coefficients.row(a);
    std::copy(from, from + part.columns, cluster.b.row(a));
    std::copy(from + part.columns, from + coefficients.columns, cluster.z.row(a));
  }
}

/// Q and D.
void ReadLeftOver(ModelRow& row, PairedPart& part) {
  const std::size_t size = part.levels * part.effects;
  part.left_gram = DenseMatrix(size, size);
  DenseMatrix cross(size, part.columns);
  std::vector<double> floors(size);
  std::vector<double> w;
  std::vector<double> z;
  for (const PairedCluster& cluster : part.clusters) {
    const auto place = [&](std::size_t m) {
      return cluster.levels[m / part.effects] * part.effects + m % part.effects;
    };
    for (const RowSpan& span : cluster.spans) {
      for (std::size_t r = span.first; r < span.end; ++r) {
        row.Read(r);
        ReadLeft(part, cluster, span, row, w, z);
        for (std::size_t m = 0; m < z.size(); ++m) {
          double* to = part.left_gram.row(place(m));
          for (std::size_t other = 0; other < z.size(); ++other) {
            to[place(other)] += z[m] * z[other];
          }
          for (std::size_t j = 0; j < part.columns; ++j) cross.at(place(m), j) += z[m] * w[j];
        }
        for (std::size_t b = 0; b < part.effects; ++b) {
          const double value = row.z[1 - part.eliminated][b];
          floors[place(span.touched * part.effects + b)] += kNothingLeft * value * value;
        }
      }
    }
  }
  const DenseMatrix factor = CholeskyFactor(part.left_gram, floors);
  SolveLower(factor, cross);
  SolveTransposed(factor, cross);
  part.left_coefficients = std::move(cross);
}

}  // namespace

void ReadLeft(const PairedPart& part, const PairedCluster& cluster, const RowSpan& span,
              const ModelRow& row, std::vector<double>& w, std::vector<double>& z) {
  w = row.w;
  z.assign(cluster.z.columns, 0.0);
  const std::vector<double>& own = row.z[part.eliminated];
  const std::vector<double>& other = row.z[1 - part.eliminated];
  std::copy(other.begin(), other.end(),
            z.begin() + static_cast<std::ptrdiff_t>(span.touched * part.effects));
  for (std::size_t a = 0; a < own.size(); ++a) {
    for (std::size_t j = 0; j < w.size(); ++j) w[j] -= own[a] * cluster.b.at(a, j);
    for (std::size_t m = 0; m < z.size(); ++m) z[m] -= own[a] * cluster.z.at(a, m);
  }
}

Result<std::vector<PairedPart>> PairedPartsOf(const ClusteredRows& rows, const RandomPart& random,
                                              ModelRow row) {
  std::vector<PairedPart> parts;
  for (const std::vector<Cell>& cells : CellsOf(rows, random.nested)) {
    PairedPart part = LaidOut(cells, rows, random);
    if (part.levels * part.effects > kMostEffects) {
      return Fail(ErrorCode::kInvalidInput,
                  "crossed groups that hang together at a site have more than " +
                      std::to_string(kMostEffects) + " effects each",
                  "too_many_levels");
    }
    for (PairedCluster& cluster : part.clusters) ReadCluster(part, row, cluster);
    ReadLeftOver(row, part);
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace clinnova::stats
