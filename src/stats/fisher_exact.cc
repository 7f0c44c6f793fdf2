// SPDX-License-Identifier: Apache-2.0
#include "stats/fisher_exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace clinnova::stats {
namespace {

/// Tables within this part of the observed one's probability count as equally likely, as in R.
constexpr long double kEquallyLikely = 1e-7L;
/// Fillings of a column that the network may look at: some seconds, some hundred megabytes.
constexpr std::int64_t kMostFillings = 2'000'000;
/// Terms below e^-60 of the largest change nothing.
constexpr long double kNegligible = 60;

/// The noncentral hypergeometric distribution of the first cell given the margins.
class FirstCell {
 public:
  FirstCell(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d)
      : low_(std::max<std::int64_t>(0, a - d)), cell_(a) {
    const std::int64_t high = std::min(a + b, a + c);
    log_density_.push_back(0);
    for (std::int64_t x = low_; x < high; ++x) {
      const long double up =
          static_cast<long double>(a + b - x) * static_cast<long double>(a + c - x);
      const long double down =
          static_cast<long double>(x + 1) * static_cast<long double>(d - a + x + 1);
      log_density_.push_back(log_density_.back() + std::log(up / down));
    }
  }

  bool lowest() const { return cell_ == low_; }
  bool highest() const {
    return cell_ - low_ + 1 == static_cast<std::int64_t>(log_density_.size());
  }

  /// Sums under the log odds ratio t, divided by the sum of all.
  struct Tails {
    long double mean = 0;
    long double lower = 0;   ///< P(X <= cell)
    long double upper = 0;   ///< P(X >= cell)
    long double likely = 0;  ///< of values at most as likely as the cell
  };
  Tails At(long double t) const {
    const auto size = static_cast<std::int64_t>(log_density_.size());
    const auto term = [&](std::int64_t i) {
      return log_density_[static_cast<std::size_t>(i)] + t * static_cast<long double>(i);
    };
    // The density has one mode.
    std::int64_t left = 0;
    std::int64_t right = size - 1;
    while (left < right) {
      const std::int64_t middle = (left + right) / 2;
      if (term(middle) < term(middle + 1)) {
        left = middle + 1;
      } else {
        right = middle;
      }
    }
    const std::int64_t mode = left;
    const long double largest = term(mode);
    const std::int64_t seen = cell_ - low_;
    const long double limit = term(seen) + std::log1p(kEquallyLikely);
    Tails tails;
    long double total = 0;
    const auto add = [&](std::int64_t i) {
      const long double value = std::exp(term(i) - largest);
      total += value;
      tails.mean += value * static_cast<long double>(i + low_);
      if (i <= seen) tails.lower += value;
      if (i >= seen) tails.upper += value;
      if (term(i) <= limit) tails.likely += value;
    };
    // Past the cell as far as it goes: small tails keep their digits.
    const std::int64_t first = std::min(mode, seen);
    const std::int64_t last = std::max(mode, seen);
    for (std::int64_t i = first; i <= last; ++i) add(i);
    const long double least = std::min(term(seen), largest) - kNegligible;
    for (std::int64_t i = first - 1; i >= 0 && term(i) > least; --i) add(i);
    for (std::int64_t i = last + 1; i < size && term(i) > least; ++i) add(i);
    tails.mean /= total;
    tails.lower /= total;
    tails.upper /= total;
    tails.likely /= total;
    return tails;
  }

  std::int64_t cell() const { return cell_; }

 private:
  std::int64_t low_;
  std::int64_t cell_;
  std::vector<long double> log_density_;
};

/// exp of the root of an increasing function of the log odds ratio.
template <typename Function>
double OddsWhereZero(Function function) {
  long double low = -1;
  long double high = 1;
  while (function(low) > 0 && low > -10'000) low *= 2;
  while (function(high) < 0 && high < 10'000) high *= 2;
  for (int i = 0; i < 200 && high - low > 1e-18L * std::max(1.0L, std::fabs(low)); ++i) {
    const long double middle = (low + high) / 2;
    (function(middle) < 0 ? low : high) = middle;
  }
  return static_cast<double>(std::exp((low + high) / 2));
}

FisherTest TwoByTwo(const std::vector<std::int64_t>& counts, double confidence_level) {
  const FirstCell cell(counts[0], counts[1], counts[2], counts[3]);
  const long double tail = (1 - static_cast<long double>(confidence_level)) / 2;
  const double infinite = std::numeric_limits<double>::infinity();
  FisherTest test;
  test.p_value = static_cast<double>(std::min(1.0L, cell.At(0).likely));
  const auto seen = static_cast<long double>(cell.cell());
  test.odds_ratio = cell.lowest() ? 0
                    : cell.highest()
                        ? infinite
                        : OddsWhereZero([&](long double t) { return cell.At(t).mean - seen; });
  test.conf_low =
      cell.lowest() ? 0 : OddsWhereZero([&](long double t) { return cell.At(t).upper - tail; });
  test.conf_high = cell.highest()
                       ? infinite
                       : OddsWhereZero([&](long double t) { return tail - cell.At(t).lower; });
  return test;
}

using Remainder = std::vector<std::int64_t>;  ///< of the rows, sorted: their order does not matter

/// Tables with given margins, filled column by column. A table's weight is the product of 1 / cell!.
class Network {
 public:
  Network(Remainder rows, std::vector<std::int64_t> columns)
      : rows_(std::move(rows)), columns_(std::move(columns)), bounds_(columns_.size() + 1) {
    std::sort(rows_.begin(), rows_.end());
    const std::int64_t n = std::accumulate(rows_.begin(), rows_.end(), std::int64_t{0});
    log_factorial_.push_back(0);
    for (std::int64_t i = 1; i <= n; ++i) {
      log_factorial_.push_back(log_factorial_.back() + std::log(static_cast<long double>(i)));
    }
    std::sort(columns_.begin(), columns_.end(), std::greater<>());
  }

  /// The share of tables of log weight `observed` or less; nothing when there are too many.
  std::optional<double> Share(long double observed) {
    if (FirstFillings() > static_cast<long double>(kMostFillings)) return std::nullopt;
    const long double limit = observed + std::log1p(kEquallyLikely);
    const long double all = LogTotal(rows_, 0);
    long double share = 0;
    std::map<Remainder, Pasts> level = {{rows_, {{0, {0, 1}}}}};
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      std::map<Remainder, Pasts> next;
      for (const auto& [remainder, pasts] : level) {
        const Bounds bounds = BoundsOf(remainder, column);
        if (fillings_ > kMostFillings) return std::nullopt;
        Pasts open;
        for (const auto& [key, past] : pasts) {
          if (past.log_weight + bounds.largest <= limit) {
            share += past.paths * std::exp(past.log_weight + LogTotal(remainder, column) - all);
          } else if (past.log_weight + bounds.smallest <= limit) {
            open.emplace(key, past);
          }
        }
        if (!open.empty()) Extend(remainder, column, open, next);
        if (fillings_ > kMostFillings) return std::nullopt;
      }
      level = std::move(next);
    }
    return static_cast<double>(std::min(1.0L, share));
  }

  long double LogFactorial(std::int64_t count) const {
    return log_factorial_[static_cast<std::size_t>(count)];
  }

 private:
  struct Past {
    long double log_weight = 0;
    long double paths = 1;
  };
  /// By the log weight in units of 1e-11: paths of equal weight are one.
  using Pasts = std::map<std::int64_t, Past>;
  struct Bounds {
    long double smallest = 0;
    long double largest = 0;
  };

  /// ln of the sum of the weights of all tables that fill `remainder` with the columns from `column` on.
  long double LogTotal(const Remainder& remainder, std::size_t column) const {
    std::int64_t n = 0;
    long double sum = 0;
    for (const std::int64_t row : remainder) {
      n += row;
      sum -= LogFactorial(row);
    }
    for (std::size_t c = column; c < columns_.size(); ++c) sum -= LogFactorial(columns_[c]);
    return sum + LogFactorial(n);
  }

  /// How many ways there are to fill the first column.
  long double FirstFillings() const {
    const auto size = static_cast<std::size_t>(columns_[0]);
    std::vector<long double> ways(size + 1);
    ways[0] = 1;
    for (const std::int64_t row : rows_) {
      std::vector<long double> next(size + 1);
      long double window = 0;
      for (std::size_t left = 0; left <= size; ++left) {
        window += ways[left];
        const std::int64_t gone = static_cast<std::int64_t>(left) - row - 1;
        if (gone >= 0) window -= ways[static_cast<std::size_t>(gone)];
        next[left] = window;
      }
      ways = std::move(next);
    }
    return ways[size];
  }

  /// visit(rest of the rows, log weight of the column) for every way to fill a column.
  template <typename Visit>
  void Fill(const Remainder& remainder, std::size_t column, Visit visit) {
    Remainder rest = remainder;
    FillFrom(rest, 0, columns_[column], 0, visit);
  }
  template <typename Visit>
  void FillFrom(Remainder& rest, std::size_t row, std::int64_t left, long double log_weight,
                Visit& visit) {
    if (fillings_ > kMostFillings) return;
    if (row + 1 == rest.size()) {
      if (left > rest[row]) return;
      ++fillings_;
      rest[row] -= left;
      Remainder sorted = rest;
      std::sort(sorted.begin(), sorted.end());
      visit(std::move(sorted), log_weight - LogFactorial(left));
      rest[row] += left;
      return;
    }
    const std::int64_t most = std::min(left, rest[row]);
    for (std::int64_t count = 0; count <= most; ++count) {
      rest[row] -= count;
      FillFrom(rest, row + 1, left - count, log_weight - LogFactorial(count), visit);
      rest[row] += count;
    }
  }

  Bounds BoundsOf(const Remainder& remainder, std::size_t column) {
    if (column == columns_.size()) return {};
    const auto known = bounds_[column].find(remainder);
    if (known != bounds_[column].end()) return known->second;
    Bounds bounds{std::numeric_limits<long double>::infinity(),
                  -std::numeric_limits<long double>::infinity()};
    Fill(remainder, column, [&](const Remainder& rest, long double log_weight) {
      const Bounds after = BoundsOf(rest, column + 1);
      bounds.smallest = std::min(bounds.smallest, log_weight + after.smallest);
      bounds.largest = std::max(bounds.largest, log_weight + after.largest);
    });
    bounds_[column].emplace(remainder, bounds);
    return bounds;
  }

  void Extend(const Remainder& remainder, std::size_t column, const Pasts& open,
              std::map<Remainder, Pasts>& next) {
    Fill(remainder, column, [&](Remainder rest, long double log_weight) {
      Pasts& there = next[std::move(rest)];
      for (const auto& [key, past] : open) {
        ++fillings_;
        const long double weight = past.log_weight + log_weight;
        const auto unit = static_cast<std::int64_t>(std::llround(weight * 1e11L));
        const auto [at, fresh] = there.try_emplace(unit, Past{weight, past.paths});
        if (!fresh) at->second.paths += past.paths;
      }
    });
  }

  Remainder rows_;
  std::vector<std::int64_t> columns_;
  std::vector<long double> log_factorial_;
  std::vector<std::map<Remainder, Bounds>> bounds_;
  std::int64_t fillings_ = 0;
};

}  // namespace

Result<FisherTest> FisherExactTest(const std::vector<std::int64_t>& counts, std::size_t rows,
                                   std::size_t columns, double confidence_level) {
  constexpr const char* kOneLine = "the table has only one row or column with counts";
  Remainder of_row(rows);
  std::vector<std::int64_t> of_column(columns);
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    of_row[cell / columns] += counts[cell];
    of_column[cell % columns] += counts[cell];
  }
  if (rows == 2 && columns == 2) {
    const bool empty = of_row[0] == 0 || of_row[1] == 0 || of_column[0] == 0 || of_column[1] == 0;
    if (empty) return Fail(ErrorCode::kFailed, kOneLine);
    return TwoByTwo(counts, confidence_level);
  }
  std::erase(of_row, 0);
  std::erase(of_column, 0);
  if (of_row.size() < 2 || of_column.size() < 2) return Fail(ErrorCode::kFailed, kOneLine);
  if (of_row.size() > of_column.size()) std::swap(of_row, of_column);
  Network network(of_row, of_column);
  long double observed = 0;
  for (const std::int64_t count : counts) observed -= network.LogFactorial(count);
  const auto share = network.Share(observed);
  if (!share) {
    return Fail(ErrorCode::kFailed,
                "too many tables share these margins for an exact test; chisq approximates it");
  }
  return FisherTest{.p_value = *share};
}

}  // namespace clinnova::stats
