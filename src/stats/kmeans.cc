// SPDX-License-Identifier: Apache-2.0
#include "stats/kmeans.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "core/deterministic_math.h"
#include "stats/kmeans_step.h"
#include "stats/symmetric_eigen.h"
#include "stats/terms.h"
#include "stats/variable_gram.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kMostClusters = 100;
constexpr std::int64_t kMostStarts = 100;

struct Options {
  std::size_t clusters = 0;
  std::size_t starts = 5;
  std::uint64_t seed = 1;
  bool scale = false;
  std::int64_t most_iterations = 100;
  Matrix initial;  ///< in the units of the data
};

/// `initial` as a list of lists of numbers.
Result<Matrix> ReadInitial(const Analysis& analysis, std::size_t variables) {
  Matrix initial;
  if (!analysis.Has("initial")) return initial;
  const std::string expected =
      "expected a list of centers, each a list of " + std::to_string(variables) + " numbers";
  const nlohmann::json& list = analysis.json().at("initial");
  if (!list.is_array()) return analysis.Wrong("initial", expected);
  for (const nlohmann::json& center : list) {
    std::vector<double> numbers;
    for (const nlohmann::json& value : center) {
      if (!center.is_array() || !value.is_number()) return analysis.Wrong("initial", expected);
      numbers.push_back(value.get<double>());
    }
    if (numbers.size() != variables) return analysis.Wrong("initial", expected);
    if (std::count(initial.begin(), initial.end(), numbers) > 0) {
      return analysis.Wrong("initial", "found the same center twice");
    }
    initial.push_back(std::move(numbers));
  }
  return initial;
}

Result<Options> ReadOptions(const Analysis& analysis, std::size_t variables) {
  Options options;
  CLINNOVA_ASSIGN(options.initial, ReadInitial(analysis, variables));
  CLINNOVA_ASSIGN(const std::int64_t clusters,
                  analysis.Integer("centers", static_cast<std::int64_t>(options.initial.size())));
  if (clusters < 1 || clusters > kMostClusters) {
    return analysis.Wrong("centers", "found " + std::to_string(clusters) + ", expected 1 to " +
                                         std::to_string(kMostClusters));
  }
  options.clusters = static_cast<std::size_t>(clusters);
  if (!options.initial.empty() && options.initial.size() != options.clusters) {
    return analysis.Wrong("initial", "found " + std::to_string(options.initial.size()) +
                                         " centers, expected " + std::to_string(clusters));
  }
  CLINNOVA_ASSIGN(const std::int64_t starts, analysis.Integer("starts", 5));
  if (starts < 1 || starts > kMostStarts) return analysis.Wrong("starts", "expected 1 to 100");
  options.starts = options.initial.empty() ? static_cast<std::size_t>(starts) : 1;
  CLINNOVA_ASSIGN(const std::int64_t seed, analysis.Integer("seed", 1));
  options.seed = static_cast<std::uint64_t>(seed);
  CLINNOVA_ASSIGN(options.scale, analysis.Flag("scale", false));
  CLINNOVA_ASSIGN(options.most_iterations, analysis.Integer("max_iterations", 100));
  if (options.most_iterations < 1) return analysis.Wrong("max_iterations", "expected 1 or more");
  return options;
}

/// One run from its own start.
struct LloydRun {
  enum class State { kMoving, kConverged, kGuarded, kExhausted, kEmpty, kRare };
  State state = State::kMoving;
  Matrix centers;   ///< standardised scale; the means of the clusters once sums have come back
  Matrix previous;  ///< what the clusters of the last sums were nearest to; empty before
  std::vector<std::int64_t> sizes;  ///< of those clusters
  std::vector<double> squares;      ///< about their means
  std::int64_t iterations = 0;

  bool finished() const {
    return state == State::kConverged || state == State::kGuarded || state == State::kExhausted;
  }
  double total() const {
    double sum = 0;
    for (const double value : squares) sum += value;
    return sum;
  }
};

class Clustering {
 public:
  Clustering(Federation& federation, const Analysis& analysis, Options options, ModelFrame frame,
             VariableGram gram)
      : federation_(federation),
        analysis_(analysis),
        options_(std::move(options)),
        frame_(std::move(frame)),
        gram_(std::move(gram)) {}

  Result<Json> Run() {
    CLINNOVA_TRY(SetScales());
    MakeStarts();
    for (std::int64_t i = 0; i < options_.most_iterations && !Moving().empty(); ++i) {
      CLINNOVA_TRY(Iterate());
    }
    for (const std::size_t r : Moving()) runs_[r].state = LloydRun::State::kExhausted;
    const auto best = Best();
    if (!best) return NothingLeft();
    return Report(runs_[*best]);
  }

 private:
  using State = LloydRun::State;
  std::size_t p() const { return gram_.names.size(); }
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  Result<void> SetScales() {
    for (std::size_t j = 0; j < p(); ++j) {
      scale_.push_back(options_.scale ? gram_.sd(j) : 1);
      if (scale_[j] == 0) {
        return Fail(ErrorCode::kFailed,
                    Where() + gram_.names[j] +
                        " is constant and cannot be scaled; leave it out or set scale = false");
      }
      const double unit = 1 / (frame_.claim().inverse_scale[j + 1] * scale_[j]);
      weights_.push_back(unit * unit);
    }
    return {};
  }

  double Standardised(std::size_t j, double value) const {
    return (value - frame_.claim().center[j + 1]) * frame_.claim().inverse_scale[j + 1];
  }
  double Original(std::size_t j, double standardised) const {
    return standardised / frame_.claim().inverse_scale[j + 1] + frame_.claim().center[j + 1];
  }

  /// mean + sum over components c of factor[c] * sd_c * vector_c, on the standardised scale.
  std::vector<double> AlongComponents(const SymmetricEigen& eigen,
                                      const std::vector<double>& factors) const {
    std::vector<double> center(p());
    for (std::size_t j = 0; j < p(); ++j) {
      double shift = 0;
      for (std::size_t c = 0; c < factors.size(); ++c) {
        shift += factors[c] * std::sqrt(std::max(0.0, eigen.values[c])) * eigen.vectors[j][c];
      }
      center[j] = Standardised(j, gram_.mean[j] + shift * scale_[j]);
    }
    return center;
  }

  void MakeStarts() {
    runs_.resize(options_.starts);
    if (!options_.initial.empty()) {
      for (const std::vector<double>& given : options_.initial) {
        std::vector<double> center(p());
        for (std::size_t j = 0; j < p(); ++j) center[j] = Standardised(j, given[j]);
        runs_[0].centers.push_back(std::move(center));
      }
      return;
    }
    Matrix covariance = gram_.products;
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) {
        covariance[i][j] /= static_cast<double>(gram_.n - 1) * scale_[i] * scale_[j];
      }
    }
    const SymmetricEigen eigen = EigenOf(covariance);
    std::mt19937_64 random(options_.seed);
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      for (std::size_t c = 0; c < options_.clusters; ++c) {
        std::vector<double> factors(r == 0 ? 1 : p());
        const double share =
            (static_cast<double>(c) + 0.5) / static_cast<double>(options_.clusters);
        for (double& factor : factors) {
          factor = core::NormalQuantile(
              r == 0 ? share : (static_cast<double>(random() >> 12) + 0.5) * 0x1p-52);
        }
        runs_[r].centers.push_back(AlongComponents(eigen, factors));
      }
    }
  }

  std::vector<std::size_t> Moving() const {
    std::vector<std::size_t> moving;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      if (runs_[r].state == State::kMoving) moving.push_back(r);
    }
    return moving;
  }

  Result<PooledSums> Ask(const std::vector<std::size_t>& asked, bool sums) {
    ClusterParameters parameters;
    parameters.claim = frame_.claim();
    parameters.exponent = frame_.standardised_exponent();
    parameters.weights = weights_;
    parameters.sums = sums;
    for (const std::size_t r : asked) {
      ClusterRun run;
      run.centers = runs_[r].centers;
      if (sums) run.sizes = runs_[r].sizes;
      if (!sums) run.previous = runs_[r].previous;
      parameters.runs.push_back(std::move(run));
    }
    return federation_.Sum(analysis_, kClusterStep, parameters);
  }

  std::vector<std::int64_t> SizesOf(const PooledSums& sums, std::size_t place) const {
    std::vector<std::int64_t> sizes;
    for (std::size_t c = 0; c < options_.clusters; ++c) {
      sizes.push_back(sums.Count(kSizes, place * options_.clusters + c));
    }
    return sizes;
  }

  /// Under a threshold: sizes and moves first; runs whose sums would tell of too few persons end here.
  Result<void> Guard() {
    const std::int64_t threshold = federation_.minimum_count();
    const std::vector<std::size_t> asked = Moving();
    CLINNOVA_ASSIGN(const PooledSums sums, Ask(asked, false));
    for (std::size_t place = 0; place < asked.size(); ++place) {
      LloydRun& run = runs_[asked[place]];
      const std::vector<std::int64_t> sizes = SizesOf(sums, place);
      bool few = false;
      bool any = false;
      const std::size_t k = options_.clusters;
      for (std::size_t cell = 0; !run.previous.empty() && cell < k * k; ++cell) {
        const std::int64_t moves = sums.Count(kMoves, place * k * k + cell);
        if (cell / k == cell % k || moves == 0) continue;
        any = true;
        few = few || moves < threshold;
      }
      const bool rare = std::any_of(sizes.begin(), sizes.end(), [&](std::int64_t size) {
        return size > 0 && size < threshold;
      });
      if (!run.previous.empty() && !any) {
        ++run.iterations;
        run.state = State::kConverged;
      } else if (!run.previous.empty() && (few || rare)) {
        run.state = State::kGuarded;
      } else if (rare) {
        run.state = State::kRare;
      } else {
        run.sizes = sizes;
      }
    }
    return {};
  }

  Result<void> Iterate() {
    if (federation_.minimum_count() > 0) CLINNOVA_TRY(Guard());
    const std::vector<std::size_t> asked = Moving();
    if (asked.empty()) return {};
    CLINNOVA_ASSIGN(const PooledSums sums, Ask(asked, true));
    for (std::size_t place = 0; place < asked.size(); ++place) {
      Take(sums, place, runs_[asked[place]]);
    }
    return {};
  }

  /// Moves the centers to the means of their clusters.
  void Take(const PooledSums& sums, std::size_t place, LloydRun& run) {
    const std::vector<std::int64_t> sizes = SizesOf(sums, place);
    ++run.iterations;
    if (std::count(sizes.begin(), sizes.end(), 0) > 0) {
      run.state = State::kEmpty;
      return;
    }
    Matrix means = run.centers;
    std::vector<double> squares(options_.clusters);
    for (std::size_t c = 0; c < options_.clusters; ++c) {
      const std::size_t cluster = place * options_.clusters + c;
      const auto size = static_cast<double>(sizes[c]);
      double moved = 0;
      for (std::size_t j = 0; j < p(); ++j) {
        means[c][j] = sums.Number(kSums, cluster * p() + j) / size;
        const double step = means[c][j] - run.centers[c][j];
        moved += weights_[j] * (step * step);
      }
      squares[c] = std::max(0.0, sums.Number(kSquares, cluster) - size * moved);
    }
    if (means == run.centers) run.state = State::kConverged;
    run.previous = std::move(run.centers);
    run.centers = std::move(means);
    run.sizes = sizes;
    run.squares = std::move(squares);
  }

  std::optional<std::size_t> Best() const {
    std::optional<std::size_t> best;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      if (!runs_[r].finished()) continue;
      if (!best || runs_[r].total() < runs_[*best].total()) best = r;
    }
    return best;
  }

  Result<Json> NothingLeft() const {
    const bool rare = std::any_of(runs_.begin(), runs_.end(),
                                  [](const LloydRun& run) { return run.state == State::kRare; });
    if (rare) {
      return Fail(ErrorCode::kRefused,
                  Where() + "a cluster has fewer than " +
                      std::to_string(federation_.minimum_count()) + " persons",
                  "rare_level");
    }
    return Fail(ErrorCode::kFailed, Where() + "a cluster is empty, expected " +
                                        std::to_string(options_.clusters) +
                                        " clusters with rows: try other initial centers or fewer");
  }

  Json CentersJson(const LloydRun& run) const {
    Json rows = Json::array();
    for (const std::vector<double>& center : run.centers) {
      Json row = Json::array();
      for (std::size_t j = 0; j < p(); ++j) {
        const double value = Original(j, center[j]);
        row.push_back(NumberJson(options_.scale ? (value - gram_.mean[j]) / scale_[j] : value));
      }
      rows.push_back(std::move(row));
    }
    return {{"names", gram_.names}, {"values", std::move(rows)}};
  }

  Json Report(const LloydRun& run) const {
    double total = 0;
    for (std::size_t j = 0; j < p(); ++j) {
      total += gram_.products[j][j] / scale_[j] / scale_[j];
    }
    Json result;
    result["n"] = gram_.n;
    result["n_missing"] = gram_.n_missing;
    result["converged"] = run.state != State::kExhausted;
    result["centers"] = CentersJson(run);
    result["size"] = run.sizes;
    result["withinss"] = run.squares;
    result["tot_withinss"] = run.total();
    result["betweenss"] = std::max(0.0, total - run.total());
    result["totss"] = total;
    result["iterations"] = run.iterations;
    if (options_.scale) {
      result["center"] = gram_.mean;
      result["scale"] = scale_;
    }
    Json warnings = Json::array();
    if (run.state == State::kExhausted) {
      warnings.push_back("rows still moved between clusters after " +
                         std::to_string(options_.most_iterations) + " iterations");
    }
    if (run.state == State::kGuarded) {
      warnings.push_back("stopped early: a further iteration would tell of fewer than " +
                         std::to_string(federation_.minimum_count()) +
                         " persons who change clusters or stay in one");
    }
    result["warnings"] = std::move(warnings);
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  Options options_;
  ModelFrame frame_;
  VariableGram gram_;
  std::vector<double> scale_;    ///< per variable, what distances are divided by
  std::vector<double> weights_;  ///< of squared standardised differences
  std::vector<LloydRun> runs_;
};

Result<Json> RunKmeans(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names,
                  NumericVariables(analysis, federation.schema()));
  CLINNOVA_ASSIGN(Options options, ReadOptions(analysis, names.size()));
  CLINNOVA_ASSIGN(ModelFrame frame, VariablesFrame(federation, analysis));
  CLINNOVA_ASSIGN(VariableGram gram, FindVariableGram(federation, analysis, frame));
  if (gram.n <= static_cast<std::int64_t>(options.clusters)) {
    return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() + "\": found " +
                                        std::to_string(gram.n) +
                                        " complete rows, expected more than clusters");
  }
  return Clustering(federation, analysis, std::move(options), std::move(frame), std::move(gram))
      .Run();
}

constexpr std::string_view kOptions[] = {"variables", "centers", "initial",       "starts",
                                         "seed",      "scale",   "max_iterations"};

std::vector<const federation::Step*> KmeansSteps() {
  std::vector<const federation::Step*> steps = VariableGramSteps();
  steps.push_back(&kClusterStep);
  return steps;
}

}  // namespace

Method KmeansMethod() {
  return {"kmeans", "k-means clusters by Lloyd's algorithm", kOptions, KmeansSteps(), RunKmeans};
}

}  // namespace clinnova::stats
