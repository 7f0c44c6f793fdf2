// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_benefit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/deterministic_math.h"
#include "learn/choice_calibration.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::WideBlock;

namespace {

/// The bin of d of a contrast.
std::size_t BinOf(const ChoiceBinQuestion& question, std::size_t contrast, double d) {
  const double from = (d - question.centers[contrast]) / question.scales[contrast] + 3;
  return contrast * kContrastBins + EvenBin(from, 6.0 / kContrastBins, kContrastBins);
}

double SignOf(const ChoiceModels& models) { return models.higher_is_better ? 1 : -1; }

bool Shown(std::span<const std::int64_t> counts, int minimum) {
  return std::ranges::all_of(counts, [&](std::int64_t n) { return n == 0 || n >= minimum; });
}

using BinCounts = std::array<std::int64_t, kBenefitCounts>;

void AddTo(BinCounts& sum, std::span<const std::int64_t> counts) {
  for (std::size_t i = 0; i < kBenefitCounts; ++i) sum[i] += counts[i];
}

}  // namespace

// --- The step ----------------------------------------------------------------------------------------

Result<Layout> BenefitLayout(const Analysis& analysis, const table::Schema& schema,
                             const ChoiceBenefitParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  CLINNOVA_ASSIGN(const federation::BlockSpec counts, BenefitCountBlock(arms, parameters.bins));
  const std::size_t bins = Contrasts(arms) * kContrastBins;
  bool fits = parameters.counts.size() == bins * kBenefitCounts &&
              counts.size == bins * kBenefitCounts && parameters.into.size() == bins &&
              (parameters.congruent.empty() || parameters.congruent.size() == 2);
  for (std::size_t i = 0; fits && i < bins; ++i) {
    const auto own = static_cast<std::int64_t>(i % kContrastBins);
    const std::int64_t into = parameters.into[i];
    // Into itself, or where the bin before goes.
    fits = into == own || (own > 0 && into == parameters.into[i - 1]);
  }
  if (!fits) return Fail(ErrorCode::kRefused, "bins that do not fit the arms", "wrong_layout");
  return Layout{{WideBlock("sums", bins * kSumsPerBin), WideBlock("cells", bins * kCellsPerBin),
                 WideBlock("outcomes", parameters.congruent.size())}};
}

namespace {

/// Rule 12 on what the hub claims of all sites, which may not be less than this site has.
Result<void> HoldBins(const SiteView& site, const ChoiceBenefitParameters& parameters,
                      const Retouch& retouch) {
  if (site.minimum_count == 0) return {};
  std::vector<BinCounts> joined(parameters.into.size());
  for (std::size_t i = 0; i < parameters.into.size(); ++i) {
    const std::size_t first = i / kContrastBins * kContrastBins;
    AddTo(joined[first + static_cast<std::size_t>(parameters.into[i])],
          std::span(parameters.counts).subspan(i * kBenefitCounts, kBenefitCounts));
  }
  for (const BinCounts& counts : joined) {
    if (Shown(counts, site.minimum_count)) continue;
    return Fail(ErrorCode::kRefused, "sums of a bin of few persons", "scores_of_persons");
  }
  CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site, parameters.split));
  CLINNOVA_ASSIGN(const federation::BlockSpec bins,
                  BenefitCountBlock(rows.arms(), parameters.bins));
  const Layout layout{{bins, CountBlock("congruent", parameters.congruent.size())}};
  CLINNOVA_ASSIGN(const PooledSums own,
                  SumAlone(site, parameters.split, parameters.models, layout,
                           [&](const ChoiceRows& read, ChoiceBatch& batch, ExactSums& mine) {
                             if (retouch) retouch(read, batch);
                             for (std::size_t r = 0; r < batch.rows(); ++r) {
                               if (batch.fold[r] == 0) continue;
                               AddBenefitCounts(parameters.bins, parameters.models, batch, r, 0,
                                                mine);
                               if (parameters.congruent.empty()) continue;
                               mine.AddCount(1, batch.chosen[r] == batch.arm()[r] ? 0 : 1);
                             }
                           }));
  CLINNOVA_TRY(HoldClaim(own.Counts(0), parameters.counts));
  return HoldClaim(own.Counts(1), parameters.congruent);
}

/// Adds a row to what its bin of the contrast of arms a and b is joined with.
void AddToBin(const ChoiceBenefitParameters& parameters, const ChoiceBatch& batch, std::size_t row,
              std::size_t a, std::size_t b, std::size_t contrast, ExactSums& sums) {
  const double sign = SignOf(parameters.models);
  const double first = batch.predicted[a][row];
  const double second = batch.predicted[b][row];
  const double d = sign * (first - second);
  const std::size_t bin =
      contrast * kContrastBins +
      static_cast<std::size_t>(parameters.into[BinOf(parameters.bins, contrast, d)]);
  const double gain = sign * (batch.score[a][row] - batch.score[b][row]);
  const double parts[kSumsPerBin] = {d, gain, gain * gain, first, second};
  for (std::size_t i = 0; i < kSumsPerBin; ++i) {
    sums.Add(kBenefitSums, bin * kSumsPerBin + i, parts[i]);
  }
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  if (own != a && own != b) return;
  const double w = 1 / std::max(batch.propensity[own][row], parameters.models.trim);
  const double y = batch.y()[row];
  const double cell[] = {w, w * y, w * w, w * w * y};
  const std::size_t at = bin * kCellsPerBin + (own == a ? 0 : 4);
  for (std::size_t i = 0; i < 4; ++i) sums.Add(kBenefitCells, at + i, cell[i]);
}

}  // namespace

Result<void> SumBenefit(const SiteView& site, const ChoiceBenefitParameters& parameters,
                        const Retouch& retouch, ExactSums& sums) {
  CLINNOVA_TRY(HoldBins(site, parameters, retouch));
  const bool congruent =
      !parameters.congruent.empty() && Shown(parameters.congruent, site.minimum_count);
  return ForEachPredicted(
      site, parameters.split, parameters.models, sums,
      [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
        if (retouch) retouch(rows, batch);
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          ForEachContrast(rows.arms(), [&](std::size_t contrast, std::size_t a, std::size_t b) {
            AddToBin(parameters, batch, r, a, b, contrast, mine);
          });
          if (!congruent) continue;
          mine.Add(kBenefitOutcomes, batch.chosen[r] == batch.arm()[r] ? 0 : 1, batch.y()[r]);
        }
      });
}

namespace {

Result<void> BenefitEvaluate(const SiteView& site, const ChoiceBenefitParameters& parameters,
                             ExactSums& sums) {
  return SumBenefit(site, parameters, {}, sums);
}

// --- Numbers -----------------------------------------------------------------------------------------

/// Sum of 1 / k for k from first + 1 to last.
double Harmonic(std::int64_t first, std::int64_t last) {
  double sum = 0;
  for (std::int64_t k = last; k > first; --k) sum += 1 / static_cast<double>(k);
  return sum;
}

/// AUTOC and QINI are sums over bins of coefficient times the bin's gain less the mean gain. With C persons of larger d
/// and n in the bin, each of the n has the same gain: its share of the curve at every person from the first on.
void FillRates(const std::vector<BenefitBin>& bins, double n, ContrastBenefit& benefit) {
  const double mean = benefit.mean.estimate;
  std::vector<double> autoc(bins.size());
  std::vector<double> qini(bins.size());
  const auto total = static_cast<std::int64_t>(n);
  std::int64_t before = 0;
  for (std::size_t j = bins.size(); j-- > 0;) {
    const std::int64_t here = bins[j].n;
    const auto size = static_cast<double>(here);
    // Of the persons k = before + 1 ... : those up to before + here see a growing part of the bin, later ones all.
    double inside = 0;
    for (std::int64_t t = 1; t <= here; ++t) {
      inside += static_cast<double>(t) / static_cast<double>(before + t);
    }
    autoc[j] = (inside / size + Harmonic(before + here, total)) / n;
    qini[j] = ((size + 1) / 2 + static_cast<double>(total - before - here)) / (n * n);
    before += here;
  }
  double autoc_variance = 0;
  double qini_variance = 0;
  const double half =
      (n + 1) / (2 * n * n);  // the mean of QINI's coefficients; of AUTOC's it is 1 / n
  for (std::size_t j = 0; j < bins.size(); ++j) {
    const auto size = static_cast<double>(bins[j].n);
    const double deviation = bins[j].gain - size * mean;
    const double squares = bins[j].gain_squared - 2 * mean * bins[j].gain + size * mean * mean;
    benefit.autoc.estimate += autoc[j] * deviation;
    benefit.qini.estimate += qini[j] * deviation;
    autoc_variance += (autoc[j] - 1 / n) * (autoc[j] - 1 / n) * squares;
    qini_variance += (qini[j] - half) * (qini[j] - half) * squares;
  }
  benefit.autoc.std_error = std::sqrt(autoc_variance);
  benefit.qini.std_error = std::sqrt(qini_variance);
}

void FillCalibration(const std::vector<BenefitBin>& bins, double n, ContrastBenefit& benefit) {
  double predicted = 0;
  for (const BenefitBin& bin : bins) predicted += bin.predicted / n;
  double spread = 0;
  double product = 0;
  double scores =
      0;  // their size: what is small beside them is rounding, whatever the outcome's unit
  for (const BenefitBin& bin : bins) {
    const auto size = static_cast<double>(bin.n);
    const double from = bin.predicted / size - predicted;
    spread += size * from * from;
    product += from * bin.gain;
    scores += bin.gain_squared;
  }
  if (!(spread > 1e-12 * scores)) return;
  benefit.slope = product / spread;
  std::vector<std::pair<double, double>> distances;
  for (const BenefitBin& bin : bins) {
    const auto size = static_cast<double>(bin.n);
    const double d = bin.predicted / size;
    const double line = benefit.mean.estimate + *benefit.slope * (d - predicted);
    distances.emplace_back(std::fabs(line - d), size);
    benefit.e_average += std::fabs(line - d) * size / n;
  }
  benefit.e_50 = DistanceQuantile(distances, 0.5, n);
  benefit.e_90 = DistanceQuantile(distances, 0.9, n);
}

/// Chances that a pair's observed benefit is -1, 0, 1 when the arms' outcomes have these chances.
struct PairBenefit {
  double worse = 0, none = 0, better = 0;
};
PairBenefit PairOf(double first, double second) {
  return {(1 - first) * second, first * second + (1 - first) * (1 - second), first * (1 - second)};
}
/// Chance that x is larger than y.
double Larger(const PairBenefit& x, const PairBenefit& y) {
  return x.better * (y.none + y.worse) + x.none * y.worse;
}

/// `chance`: by bin, of outcome 1 with the first and the second arm.
double Concordance(const std::vector<BenefitBin>& bins,
                   const std::vector<std::array<double, 2>>& chance) {
  double concordant = 0;
  double informative = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const PairBenefit x = PairOf(chance[i][0], chance[i][1]);
    for (std::size_t j = 0; j <= i; ++j) {
      const PairBenefit y = PairOf(chance[j][0], chance[j][1]);
      const double weight =
          static_cast<double>(bins[i].n) * static_cast<double>(bins[j].n) * (i == j ? 0.5 : 1.0);
      const double larger = Larger(x, y);
      const double smaller = Larger(y, x);
      concordant += weight * (i == j ? (larger + smaller) / 2 : larger);
      informative += weight * (larger + smaller);
    }
  }
  return informative > 0 ? concordant / informative : 0.5;
}

/// Over the bins in which both arms were given.
void FillPairs(const std::vector<BenefitBin>& all, ContrastBenefit& benefit) {
  std::vector<BenefitBin> bins;
  std::vector<std::array<double, 2>> chance;
  std::vector<std::array<double, 2>> variance;
  double n = 0;
  for (const BenefitBin& bin : all) {
    if (!(bin.cell[0][0] > 0) || !(bin.cell[1][0] > 0)) continue;
    bins.push_back(bin);
    n += static_cast<double>(bin.n);
    chance.emplace_back();
    variance.emplace_back();
    for (std::size_t s = 0; s < 2; ++s) {
      const double(&cell)[4] = bin.cell[s];
      const double p = cell[1] / cell[0];
      chance.back()[s] = p;
      variance.back()[s] = (cell[3] * (1 - 2 * p) + p * p * cell[2]) / (cell[0] * cell[0]);
    }
  }
  if (bins.size() < 2) return;
  BenefitNumber c{.estimate = Concordance(bins, chance)};
  double squares = 0;
  double brier = 0;
  double cross_entropy = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    for (std::size_t s = 0; s < 2; ++s) {
      constexpr double kStep = 1e-5;
      auto up = chance;
      auto down = chance;
      up[i][s] += kStep;
      down[i][s] -= kStep;
      const double slope = (Concordance(bins, up) - Concordance(bins, down)) / (2 * kStep);
      squares += slope * slope * variance[i][s];
    }
    const auto size = static_cast<double>(bins[i].n);
    const PairBenefit said = PairOf(bins[i].first / size, bins[i].second / size);
    const PairBenefit seen = PairOf(chance[i][0], chance[i][1]);
    const auto part = [](double p, double o) { return p * p - 2 * p * o + o; };
    brier += size / n / 2 *
             (part(said.worse, seen.worse) + part(said.none, seen.none) +
              part(said.better, seen.better));
    const auto surprise = [](double p, double o) { return o > 0 ? -o * core::Log(p) : 0.0; };
    cross_entropy += size / n *
                     (surprise(said.worse, seen.worse) + surprise(said.none, seen.none) +
                      surprise(said.better, seen.better));
  }
  c.std_error = std::sqrt(squares);
  benefit.c = c;
  benefit.brier = brier;
  benefit.cross_entropy = cross_entropy;
}

}  // namespace

ContrastBenefit BenefitFrom(const std::vector<BenefitBin>& all, bool binary) {
  std::vector<BenefitBin> bins;
  double n = 0;
  double gain = 0;
  double squares = 0;
  for (const BenefitBin& bin : all) {
    if (bin.n == 0) continue;
    bins.push_back(bin);
    n += static_cast<double>(bin.n);
    gain += bin.gain;
    squares += bin.gain_squared;
  }
  ContrastBenefit benefit;
  if (n < 2) return benefit;
  benefit.mean.estimate = gain / n;
  benefit.mean.std_error = std::sqrt(std::max(0.0, squares - gain * gain / n) / (n - 1) / n);
  FillRates(bins, n, benefit);
  FillCalibration(bins, n, benefit);
  if (binary) FillPairs(bins, benefit);
  return benefit;
}

ChoiceBinQuestion BinsAround(const std::vector<double>& moments, std::int64_t n, double unit) {
  ChoiceBinQuestion question;
  const auto persons = static_cast<double>(n);
  for (std::size_t c = 0; 2 * c < moments.size(); ++c) {
    const double mean = moments[2 * c] / persons;
    const double deviation = std::sqrt(std::max(0.0, moments[2 * c + 1] / persons - mean * mean));
    question.centers.push_back(mean);
    question.scales.push_back(deviation > 1e-9 * unit ? deviation : unit);
  }
  return question;
}

void AddBenefitMoments(const ChoiceBatch& batch, std::size_t row, double sign, std::size_t block,
                       ExactSums& sums) {
  ForEachContrast(batch.predicted.size(), [&](std::size_t contrast, std::size_t a, std::size_t b) {
    const double d = sign * (batch.predicted[a][row] - batch.predicted[b][row]);
    sums.Add(block, 2 * contrast, d);
    sums.Add(block, 2 * contrast + 1, d * d);
  });
}

Result<federation::BlockSpec> BenefitCountBlock(std::size_t arms,
                                                const ChoiceBinQuestion& question) {
  const std::size_t contrasts = question.centers.empty() ? 0 : Contrasts(arms);
  const bool fits = question.centers.size() == contrasts && question.scales.size() == contrasts &&
                    std::ranges::all_of(question.scales, [](double scale) { return scale > 0; });
  if (!fits) return Fail(ErrorCode::kRefused, "bins that do not fit the arms", "wrong_layout");
  return CountBlock("benefit_bins", contrasts * kContrastBins * kBenefitCounts);
}

void AddBenefitCounts(const ChoiceBinQuestion& question, const ChoiceModels& models,
                      const ChoiceBatch& batch, std::size_t row, std::size_t block,
                      ExactSums& sums) {
  if (question.centers.empty()) return;
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  const std::size_t with = models.binary && batch.y()[row] == 1 ? 1 : 0;
  ForEachContrast(batch.predicted.size(), [&](std::size_t contrast, std::size_t a, std::size_t b) {
    const double d = SignOf(models) * (batch.predicted[a][row] - batch.predicted[b][row]);
    const std::size_t bin = kBenefitCounts * BinOf(question, contrast, d);
    sums.AddCount(block, bin + kBinPersons);
    if (own == a) sums.AddCount(block, bin + kFirstWithout + with);
    if (own == b) sums.AddCount(block, bin + kSecondWithout + with);
  });
}

std::vector<std::int64_t> JoinedBins(std::span<const std::int64_t> counts, int minimum) {
  std::vector<std::int64_t> begins;
  std::vector<BinCounts> joined;
  BinCounts open{};
  std::int64_t first = 0;
  const auto bins = static_cast<std::int64_t>(counts.size() / kBenefitCounts);
  for (std::int64_t b = 0; b < bins; ++b) {
    AddTo(open, counts.subspan(static_cast<std::size_t>(b) * kBenefitCounts, kBenefitCounts));
    if (!Shown(open, minimum)) continue;
    begins.push_back(first);
    joined.push_back(open);
    open = {};
    first = b + 1;
  }
  // What is left at the upper end joins its neighbours until they can be shown together.
  while (!joined.empty() && !Shown(open, minimum)) {
    AddTo(open, joined.back());
    first = begins.back();
    joined.pop_back();
    begins.pop_back();
  }
  if (first < bins) begins.push_back(first);
  std::vector<std::int64_t> into;
  for (std::size_t g = 0; g < begins.size(); ++g) {
    into.resize(static_cast<std::size_t>(g + 1 < begins.size() ? begins[g + 1] : bins), begins[g]);
  }
  return into;
}

namespace {

/// The bins of a contrast, joined; those that were joined into others stay empty.
std::vector<BenefitBin> BinsFrom(const PooledSums& sums, const ChoiceBenefitParameters& parameters,
                                 std::size_t contrast) {
  std::vector<BenefitBin> bins(kContrastBins);
  for (std::size_t i = 0; i < kContrastBins; ++i) {
    const std::size_t at = contrast * kContrastBins + i;
    bins[static_cast<std::size_t>(parameters.into[at])].n +=
        parameters.counts[at * kBenefitCounts + kBinPersons];
    BenefitBin& bin = bins[i];
    double* parts[] = {&bin.predicted, &bin.gain, &bin.gain_squared, &bin.first, &bin.second};
    for (std::size_t k = 0; k < kSumsPerBin; ++k) {
      *parts[k] = sums.Number(kBenefitSums, at * kSumsPerBin + k);
    }
    for (std::size_t k = 0; k < kCellsPerBin; ++k) {
      bin.cell[k / 4][k % 4] = sums.Number(kBenefitCells, at * kCellsPerBin + k);
    }
    // For lower outcomes the pair's benefit is turned around, by exchanging the arms.
    if (!parameters.models.higher_is_better) {
      std::swap(bin.cell[0], bin.cell[1]);
      std::swap(bin.first, bin.second);
    }
  }
  return bins;
}

}  // namespace

void JoinBins(ChoiceBenefitParameters& parameters, std::size_t arms, int minimum) {
  constexpr std::size_t kPerContrast = kContrastBins * kBenefitCounts;
  parameters.into.clear();
  for (std::size_t c = 0; c < Contrasts(arms); ++c) {
    const std::vector<std::int64_t> into =
        JoinedBins(std::span(parameters.counts).subspan(c * kPerContrast, kPerContrast), minimum);
    parameters.into.insert(parameters.into.end(), into.begin(), into.end());
  }
}

ChoiceBenefit BenefitOf(const PooledSums& sums, const ChoiceBenefitParameters& parameters,
                        std::size_t arms) {
  ChoiceBenefit benefit{.outcomes = sums.Numbers(kBenefitOutcomes)};
  ForEachContrast(arms, [&](std::size_t contrast, std::size_t a, std::size_t b) {
    benefit.contrasts.push_back(
        BenefitFrom(BinsFrom(sums, parameters, contrast), parameters.models.binary));
    benefit.contrasts.back().first = a;
    benefit.contrasts.back().second = b;
  });
  return benefit;
}

Result<ChoiceBenefit> ReadBenefit(Federation& federation, const Analysis& analysis,
                                  ChoiceBenefitParameters parameters, std::size_t arms) {
  JoinBins(parameters, arms, federation.minimum_count());
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kChoiceBenefitStep, parameters));
  return BenefitOf(sums, parameters, arms);
}

const federation::TypedStep<ChoiceBenefitParameters> kChoiceBenefitStep{
    "choice.benefit", BenefitLayout, BenefitEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
