// SPDX-License-Identifier: Apache-2.0
// What a treatment choice's inputs look like over everybody: the coordinator's side of choice.inputs.
#include <algorithm>
#include <cmath>

#include "learn/choice_group_counts.h"
#include "learn/choice_judgement.h"

namespace clinnova::learn {

using federation::PooledSums;

Result<std::vector<InputSummary>> ReadInputs(federation::Federation& federation,
                                             const federation::Analysis& analysis,
                                             const ChoiceSplit& split) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, federation.schema()));
  std::vector<InputSummary> summaries;
  ChoiceInputParameters parameters{.split = split};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kChoiceInputStep, parameters));
  const auto rows = static_cast<double>(sums.Count(kInputRows));
  std::size_t level = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    InputSummary summary{.input = inputs[i]};
    summary.missing = static_cast<double>(sums.Count(kInputMissing, i)) / rows;
    const auto n = static_cast<double>(sums.Count(kInputPersons, i));
    if (n > 1) {
      summary.mean = sums.Number(kInputSums, 2 * i) / n;
      const double square = sums.Number(kInputSums, 2 * i + 1) / n;
      summary.sd = std::sqrt(std::max(0.0, square - summary.mean * summary.mean) * n / (n - 1));
    }
    for (std::size_t l = 0; l < inputs[i].levels.size(); ++l) {
      summary.counts.push_back(sums.Count(kInputLevels, level++));
    }
    parameters.centers.push_back(summary.mean);
    parameters.scales.push_back(summary.sd > 0 ? summary.sd : 1);
    summaries.push_back(std::move(summary));
  }
  CLINNOVA_ASSIGN(const PooledSums histograms,
                  federation.Sum(analysis, kChoiceInputStep, parameters));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    InputSummary& summary = summaries[i];
    const double width = 10.0 / kInputBins * parameters.scales[i];
    const double from = summary.mean - 5 * parameters.scales[i];
    const auto edge = [&](double part) {
      return static_cast<double>(
          BinAt(histograms, kInputHistogram, i * kInputBins, kInputBins, part));
    };
    for (std::size_t b = 0; b < kInputBins; ++b) {
      summary.histogram.push_back(histograms.Count(kInputHistogram, i * kInputBins + b));
    }
    summary.low = from + width * edge(0.01);
    summary.high = from + width * (edge(0.99) + 1);
  }
  return summaries;
}

}  // namespace clinnova::learn
