// SPDX-License-Identifier: Apache-2.0
#include "stats/crossed_clusters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr std::size_t kMostLevels = 3000;

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

/// The lower Cholesky factor of a dense positive definite matrix, and solutions with it.
class Factor {
 public:
  Factor(std::vector<double> a, std::size_t size) : l_(std::move(a)), size_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = l_[i * size + j];
        for (std::size_t m = 0; m < j; ++m) sum -= l_[i * size + m] * l_[j * size + m];
        l_[i * size + j] = i == j ? std::sqrt(sum) : sum / l_[j * size + j];
      }
    }
  }
  double LogDeterminant() const {
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += 2 * core::Log(l_[i * size_ + i]);
    return sum;
  }
  /// A^-1 b in place of b, whose rows have `columns` numbers.
  void Solve(std::vector<double>& b, std::size_t columns) const {
    for (std::size_t i = 0; i < size_; ++i) Eliminate(i, 0, i, false, b, columns);
    for (std::size_t i = size_; i-- > 0;) Eliminate(i, i + 1, size_, true, b, columns);
  }

 private:
  void Eliminate(std::size_t i, std::size_t from, std::size_t to, bool transposed,
                 std::vector<double>& b, std::size_t columns) const {
    double* row = &b[i * columns];
    for (std::size_t m = from; m < to; ++m) {
      const double factor = transposed ? l_[m * size_ + i] : l_[i * size_ + m];
      if (factor == 0) continue;
      for (std::size_t j = 0; j < columns; ++j) row[j] -= factor * b[m * columns + j];
    }
    for (std::size_t j = 0; j < columns; ++j) row[j] /= l_[i * size_ + i];
  }

  std::vector<double> l_;
  std::size_t size_;
};

/// Everything that M, ln|V| and their derivatives are made of at one theta.
class PartAt {
 public:
  PartAt(const CrossedPart& part, const double* theta)
      : part_(part),
        theta_{theta[0], theta[1]},
        size_(part.first_levels + part.second_levels),
        factor_(Shrunk(), size_) {}

  /// Z'V^-1 of what Z' makes `right` of: right - C L A^-1 L right, or without subtracting L^-1 A^-1 L right.
  std::vector<double> Weighted(const std::vector<double>& right, std::size_t columns) const {
    std::vector<double> solved = right;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < columns; ++j) solved[i * columns + j] *= Theta(i);
    }
    factor_.Solve(solved, columns);
    std::vector<double> weighted = right;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        if (std::fabs(Theta(i)) > 1e-3) {
          weighted[i * columns + j] = solved[i * columns + j] / Theta(i);
          continue;
        }
        double sum = 0;
        for (std::size_t m = 0; m < size_; ++m)
          sum += part_.gram[i * size_ + m] * Theta(m) * solved[m * columns + j];
        weighted[i * columns + j] -= sum;
      }
    }
    return weighted;
  }
  double Theta(std::size_t level) const { return theta_[level < part_.first_levels ? 0 : 1]; }
  double LogDeterminant() const { return factor_.LogDeterminant(); }
  /// W'W - B'L A^-1 L B, lower triangle; `weighted` is Z'V^-1 W.
  std::vector<double> Value(const std::vector<double>& weighted) const {
    // V^-1 W = W - Z L^2 Z'V^-1 W.
    std::vector<double> value = part_.squares;
    const std::size_t c = part_.columns;
    for (std::size_t m = 0; m < size_; ++m) {
      const double squared = Theta(m) * Theta(m);
      std::size_t cell = 0;
      for (std::size_t i = 0; i < c; ++i) {
        const double scaled = squared * part_.cross[m * c + i];
        for (std::size_t j = 0; j <= i; ++j) value[cell++] -= scaled * weighted[m * c + j];
      }
    }
    return value;
  }

 private:
  std::vector<double> Shrunk() const {
    std::vector<double> a = part_.gram;
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < size_; ++j) a[i * size_ + j] *= Theta(i) * Theta(j);
      a[i * size_ + i] += 1;
    }
    return a;
  }

  const CrossedPart& part_;
  std::array<double, 2> theta_;
  std::size_t size_;
  Factor factor_;
};

/// The levels of one of the two groups, as rows of a matrix.
struct Range {
  std::size_t begin;
  std::size_t end;
};

/// left' right over the rows of a range, lower triangle.
std::vector<double> Products(const std::vector<double>& left, const std::vector<double>& right,
                             std::size_t columns, Range range) {
  std::vector<double> products(columns * (columns + 1) / 2);
  for (std::size_t m = range.begin; m < range.end; ++m) {
    std::size_t cell = 0;
    for (std::size_t i = 0; i < columns; ++i) {
      for (std::size_t j = 0; j <= i; ++j)
        products[cell++] += left[m * columns + i] * right[m * columns + j];
    }
  }
  return products;
}

/// Row by row: S restricted to columns of a range, times G's rows there.
std::vector<double> Applied(const std::vector<double>& s, std::size_t size,
                            const std::vector<double>& g, std::size_t columns, Range range) {
  std::vector<double> applied(size * columns);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t m = range.begin; m < range.end; ++m) {
      for (std::size_t j = 0; j < columns; ++j)
        applied[i * columns + j] += s[i * size + m] * g[m * columns + j];
    }
  }
  return applied;
}

double SumOfSquares(const std::vector<double>& s, std::size_t size, Range rows, Range columns) {
  double sum = 0;
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    for (std::size_t j = columns.begin; j < columns.end; ++j)
      sum += s[i * size + j] * s[i * size + j];
  }
  return sum;
}

}  // namespace

Result<std::vector<CrossedPart>> PartsOf(std::vector<CrossedCell> cells) {
  std::sort(cells.begin(), cells.end(), [](const CrossedCell& a, const CrossedCell& b) {
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  });
  std::map<std::int64_t, std::size_t> first;
  std::map<std::int64_t, std::size_t> second;
  Linked linked;
  for (const CrossedCell& cell : cells) {
    for (auto& [levels, key] : {std::pair(&first, cell.first), std::pair(&second, cell.second)}) {
      if (!levels->contains(key)) levels->emplace(key, linked.Add());
    }
    linked.Link(first.at(cell.first), second.at(cell.second));
  }
  // Levels' places in their part, ascending in their names.
  std::map<std::size_t, std::size_t> index;
  std::vector<CrossedPart> parts;
  const auto part_of = [&](std::size_t level) {
    return index.try_emplace(linked.Head(level), index.size()).first->second;
  };
  std::map<std::int64_t, std::size_t> first_place;
  std::map<std::int64_t, std::size_t> second_place;
  for (const auto& [key, level] : first) {
    parts.resize(std::max(parts.size(), part_of(level) + 1));
    first_place[key] = parts[part_of(level)].first_levels++;
  }
  for (const auto& [key, level] : second) {
    CrossedPart& part = parts[part_of(level)];
    second_place[key] = part.first_levels + part.second_levels++;
  }
  for (CrossedPart& part : parts) {
    const std::size_t size = part.first_levels + part.second_levels;
    if (size > kMostLevels) {
      return Fail(ErrorCode::kInvalidInput,
                  "crossed groups of more than 3000 levels hang together at a site",
                  "too_many_levels");
    }
    part.columns = cells.front().sums.size();
    part.gram.resize(size * size);
    part.cross.resize(size * part.columns);
    part.squares.resize(cells.front().squares.size());
  }
  for (const CrossedCell& cell : cells) {
    CrossedPart& part = parts[part_of(first.at(cell.first))];
    const std::size_t size = part.first_levels + part.second_levels;
    const std::size_t a = first_place.at(cell.first);
    const std::size_t b = second_place.at(cell.second);
    part.gram[a * size + a] += cell.weight;
    part.gram[b * size + b] += cell.weight;
    part.gram[a * size + b] += cell.weight;
    part.gram[b * size + a] += cell.weight;
    for (std::size_t j = 0; j < part.columns; ++j) {
      part.cross[a * part.columns + j] += cell.sums[j];
      part.cross[b * part.columns + j] += cell.sums[j];
    }
    for (std::size_t i = 0; i < cell.squares.size(); ++i) part.squares[i] += cell.squares[i];
  }
  return parts;
}

void AddCrossedPart(const CrossedPart& part, const double* theta, const NestedTarget& target,
                    federation::ExactSums& sums) {
  const std::size_t size = part.first_levels + part.second_levels;
  const std::size_t c = part.columns;
  const std::array<Range, 2> of = {Range{0, part.first_levels}, Range{part.first_levels, size}};
  const PartAt at(part, theta);
  const auto add = [&](std::size_t which, const std::vector<double>& matrix, double logarithm) {
    sums.Add(target.logarithms_block, target.first + which, logarithm);
    for (std::size_t i = 0; i < matrix.size(); ++i)
      sums.Add(target.matrices_block, (target.first + which) * matrix.size() + i, matrix[i]);
  };
  const std::vector<double> g = at.Weighted(part.cross, c);
  add(0, at.Value(g), at.LogDeterminant());
  if (!target.derivatives) return;
  const std::vector<double> s = at.Weighted(part.gram, size);
  std::array<std::vector<double>, 2> own;  // G_i'G_i
  std::array<double, 2> trace{};
  for (std::size_t i = 0; i < 2; ++i) {
    own[i] = Products(g, g, c, of[i]);
    for (std::size_t m = of[i].begin; m < of[i].end; ++m) trace[i] += s[m * size + m];
    std::vector<double> slope = own[i];
    for (double& value : slope) value *= -2 * theta[i];
    add(1 + i, slope, 2 * theta[i] * trace[i]);
  }
  std::size_t which = 3;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++which) {
      // G_i'S_ij G_j and its transpose.
      const std::vector<double> turned = Applied(s, size, g, c, of[j]);
      const std::vector<double> one = Products(g, turned, c, of[i]);
      const std::vector<double> other = Products(turned, g, c, of[i]);
      const double product = 4 * theta[i] * theta[j];
      std::vector<double> curve(one.size());
      for (std::size_t m = 0; m < curve.size(); ++m)
        curve[m] = product * (one[m] + other[m]) - (i == j ? 2 * own[i][m] : 0);
      add(which, curve,
          (i == j ? 2 * trace[i] : 0) - product * SumOfSquares(s, size, of[i], of[j]));
    }
  }
}

}  // namespace clinnova::stats
