// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_benefit.h"

#include <algorithm>
#include <array>
#include <cmath>

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

enum BenefitBlock { kDifferenceMoments, kBinRows, kBinSums, kBinCells, kCongruence };
constexpr std::size_t kSumsPerBin = 5;   // of BenefitBin, in its order
constexpr std::size_t kCellsPerBin = 8;  // by received arm

std::size_t Contrasts(std::size_t arms) { return arms * (arms - 1) / 2; }

Result<Layout> BenefitLayout(const Analysis& analysis, const table::Schema& schema,
                             const ChoiceBenefitParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  const std::size_t contrasts = Contrasts(arms);
  const bool moments = parameters.centers.empty();
  const bool fits =
      moments || (parameters.centers.size() == contrasts && parameters.scales.size() == contrasts);
  if (!fits) return Fail(ErrorCode::kRefused, "centres that do not fit the arms", "wrong_layout");
  const std::size_t bins = moments ? 0 : contrasts * kContrastBins;
  return Layout{{WideBlock("moments", moments ? 2 * contrasts : 0), CountBlock("rows", bins),
                 WideBlock("sums", bins * kSumsPerBin), WideBlock("cells", bins * kCellsPerBin),
                 WideBlock("outcomes", moments ? 0 : arms * arms)}};
}

/// Adds a row to its bin of the contrast of arms a and b.
void AddToBin(const ChoiceBenefitParameters& parameters, const ChoiceBatch& batch, std::size_t row,
              std::size_t a, std::size_t b, std::size_t contrast, ExactSums& sums) {
  const double sign = parameters.models.higher_is_better ? 1 : -1;
  const double first = batch.predicted[a][row];
  const double second = batch.predicted[b][row];
  const double d = sign * (first - second);
  if (parameters.centers.empty()) {
    sums.Add(kDifferenceMoments, 2 * contrast, d);
    sums.Add(kDifferenceMoments, 2 * contrast + 1, d * d);
    return;
  }
  const double from = (d - parameters.centers[contrast]) / parameters.scales[contrast] + 3;
  const std::size_t bin =
      contrast * kContrastBins + EvenBin(from, 6.0 / kContrastBins, kContrastBins);
  const double gain = sign * (batch.score[a][row] - batch.score[b][row]);
  sums.AddCount(kBinRows, bin);
  const double parts[kSumsPerBin] = {d, gain, gain * gain, first, second};
  for (std::size_t i = 0; i < kSumsPerBin; ++i) sums.Add(kBinSums, bin * kSumsPerBin + i, parts[i]);
  const auto own = static_cast<std::size_t>(batch.arm()[row]);
  if (own != a && own != b) return;
  const double w = 1 / std::max(batch.propensity[own][row], parameters.models.trim);
  const double y = batch.y()[row];
  const double cell[] = {w, w * y, w * w, w * w * y};
  const std::size_t at = bin * kCellsPerBin + (own == a ? 0 : 4);
  for (std::size_t i = 0; i < 4; ++i) sums.Add(kBinCells, at + i, cell[i]);
}

Result<void> BenefitEvaluate(const SiteView& site, const ChoiceBenefitParameters& parameters,
                             ExactSums& sums) {
  return ForEachPredicted(site, parameters.split, parameters.models, sums,
                          [&](const ChoiceRows& rows, ChoiceBatch& batch, ExactSums& mine) {
                            for (std::size_t r = 0; r < batch.rows(); ++r) {
                              if (batch.fold[r] == 0) continue;
                              std::size_t contrast = 0;
                              for (std::size_t a = 0; a < rows.arms(); ++a) {
                                for (std::size_t b = a + 1; b < rows.arms(); ++b, ++contrast) {
                                  AddToBin(parameters, batch, r, a, b, contrast, mine);
                                }
                              }
                              if (parameters.centers.empty()) continue;
                              mine.Add(kCongruence,
                                       static_cast<std::size_t>(batch.chosen[r]) * rows.arms() +
                                           static_cast<std::size_t>(batch.arm()[r]),
                                       batch.y()[r]);
                            }
                          });
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

/// The value below which a share of the persons' distances lie.
double WeightedQuantile(std::vector<std::pair<double, double>> distances, double share, double n) {
  std::ranges::sort(distances);
  double so_far = 0;
  for (const auto& [distance, persons] : distances) {
    so_far += persons;
    if (so_far >= share * n) return distance;
  }
  return distances.empty() ? 0 : distances.back().first;
}

void FillCalibration(const std::vector<BenefitBin>& bins, double n, ContrastBenefit& benefit) {
  double predicted = 0;
  for (const BenefitBin& bin : bins) predicted += bin.predicted / n;
  double spread = 0;
  double product = 0;
  for (const BenefitBin& bin : bins) {
    const auto size = static_cast<double>(bin.n);
    const double from = bin.predicted / size - predicted;
    spread += size * from * from;
    product += from * bin.gain;
  }
  if (!(spread > 1e-12 * n)) return;
  benefit.slope = product / spread;
  std::vector<std::pair<double, double>> distances;
  for (const BenefitBin& bin : bins) {
    const auto size = static_cast<double>(bin.n);
    const double d = bin.predicted / size;
    const double line = benefit.mean.estimate + *benefit.slope * (d - predicted);
    distances.emplace_back(std::fabs(line - d), size);
    benefit.e_average += std::fabs(line - d) * size / n;
  }
  benefit.e_50 = WeightedQuantile(distances, 0.5, n);
  benefit.e_90 = WeightedQuantile(distances, 0.9, n);
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
    brier += size / n *
             (part(said.worse, seen.worse) + part(said.none, seen.none) +
              part(said.better, seen.better));
  }
  c.std_error = std::sqrt(squares);
  benefit.c = c;
  benefit.brier = brier;
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

Result<ChoiceBenefit> ReadBenefit(Federation& federation, const Analysis& analysis,
                                  const ChoiceSplit& split, const ChoiceModels& models,
                                  std::int64_t n, std::size_t arms) {
  ChoiceBenefitParameters parameters{.split = split, .models = models};
  CLINNOVA_ASSIGN(const PooledSums moments,
                  federation.Sum(analysis, kChoiceBenefitStep, parameters));
  const auto persons = static_cast<double>(n);
  for (std::size_t c = 0; c < Contrasts(arms); ++c) {
    const double mean = moments.Number(kDifferenceMoments, 2 * c) / persons;
    const double square = moments.Number(kDifferenceMoments, 2 * c + 1) / persons;
    const double deviation = std::sqrt(std::max(0.0, square - mean * mean));
    parameters.centers.push_back(mean);
    parameters.scales.push_back(deviation > 1e-9 ? deviation : 1);
  }
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kChoiceBenefitStep, parameters));
  ChoiceBenefit benefit{.outcomes = sums.Numbers(kCongruence)};
  std::size_t at = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    for (std::size_t b = a + 1; b < arms; ++b) {
      std::vector<BenefitBin> bins(kContrastBins);
      for (BenefitBin& bin : bins) {
        bin.n = sums.Count(kBinRows, at);
        double* parts[] = {&bin.predicted, &bin.gain, &bin.gain_squared, &bin.first, &bin.second};
        for (std::size_t i = 0; i < kSumsPerBin; ++i) {
          *parts[i] = sums.Number(kBinSums, at * kSumsPerBin + i);
        }
        for (std::size_t i = 0; i < kCellsPerBin; ++i) {
          bin.cell[i / 4][i % 4] = sums.Number(kBinCells, at * kCellsPerBin + i);
        }
        // For lower outcomes the pair's benefit is turned around, by exchanging the arms.
        if (!models.higher_is_better) {
          std::swap(bin.cell[0], bin.cell[1]);
          std::swap(bin.first, bin.second);
        }
        ++at;
      }
      benefit.contrasts.push_back(BenefitFrom(bins, models.binary));
      benefit.contrasts.back().first = a;
      benefit.contrasts.back().second = b;
    }
  }
  return benefit;
}

const federation::TypedStep<ChoiceBenefitParameters> kChoiceBenefitStep{
    "choice.benefit", BenefitLayout, BenefitEvaluate, ChoiceGuard{}};

}  // namespace clinnova::learn
