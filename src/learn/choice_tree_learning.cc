// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_tree_learning.h"

#include <algorithm>
#include <cmath>

#include "federation/batches.h"
#include "learn/choice_training_rows.h"
#include "stats/effect_rows.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::ExactSums;
using federation::Federation;
using federation::ForEachBatch;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::WideBlock;

namespace {

/// Numbers of trees that are compared, beside none.
constexpr std::int64_t kTreeCounts = 12;

// --- Rows --------------------------------------------------------------------------------------------

/// The engine's RowsFunction; `source` is an encoded ChoiceSplit. Arms are the strata.
RowsResult ChoiceTreeRows(const SiteView& site, core::ByteView source) {
  CLINNOVA_ASSIGN(const ChoiceSplit split, core::Decode<ChoiceSplit>(source));
  CLINNOVA_ASSIGN(const ChoiceRows reader, ChoiceRows::Create(site, split));
  CLINNOVA_ASSIGN(const std::vector<Feature> features,
                  ChoiceFeatures(site.analysis, site.table.schema));
  return ChoiceTrainingRows(
      site, features,
      [&](std::size_t first, std::size_t count, ChoiceBatch& batch) {
        reader.Read(first, count, batch);
      },
      [](const ChoiceBatch& batch, std::size_t r, TrainingRows& rows) {
        rows.outcome.push_back(batch.y()[r]);
        rows.weight.push_back(1);
        rows.stratum.push_back(batch.arm()[r]);
      });
}

const TreeSteps& ChoiceTreeSteps() {
  static const TreeSteps kSteps = MakeTreeSteps<ChoiceTreeRows>(
      {"choice.trees.describe", "choice.trees.cells", "choice.trees.grow", "choice.trees.sides",
       "choice.trees.evaluate"});
  return kSteps;
}

// --- Losses ------------------------------------------------------------------------------------------

/// Losses of `models[of[i]]` on the rows of fold on[i], at each number of trees.
struct TreeLossParameters {
  ChoiceSplit split;
  bool binary = true;
  std::vector<Feature> features{};
  std::vector<ChoiceTrees> models{};
  std::vector<std::int64_t> of{};
  std::vector<std::int64_t> on{};
  std::vector<std::int64_t> counts{};  ///< rising

  template <class A>
  void Fields(A& a) {
    a(split);
    a(binary);
    a(features);
    a(models);
    a(of);
    a(on);
    a(counts);
  }
};

Result<Layout> LossLayout(const Analysis&, const table::Schema&,
                          const TreeLossParameters& parameters) {
  bool fits = parameters.of.size() == parameters.on.size();
  for (const std::int64_t model : parameters.of) {
    fits = fits && model >= 0 && static_cast<std::size_t>(model) < parameters.models.size();
  }
  if (!fits)
    return Fail(ErrorCode::kRefused, "losses of models that are not there", "wrong_layout");
  return Layout{{WideBlock("losses", parameters.of.size() * parameters.counts.size())}};
}

/// Adds one row's losses under one model.
void AddLosses(const TreeLossParameters& parameters, std::size_t at, const ChoiceForest& forest,
               ChoiceBatch& batch, std::size_t r, ExactSums& sums) {
  const auto arm = static_cast<std::size_t>(batch.arm()[r]);
  const std::size_t first = at * parameters.counts.size();
  double eta = forest.base(arm);
  std::int64_t trees = 0;
  std::size_t next = 0;
  const double y = batch.y()[r];
  const auto tell = [&] {
    for (; next < parameters.counts.size() && parameters.counts[next] == trees; ++next) {
      sums.Add(0, first + next, parameters.binary ? BinaryDeviance(y, eta) : (y - eta) * (y - eta));
    }
  };
  tell();
  forest.ForEachTree(batch.bins, parameters.features, arm, [&](double value) {
    eta += value;
    ++trees;
    tell();
  });
}

/// A site's reader and forests for a round over batches.
struct ForestReader {
  ChoiceRows rows;
  std::vector<ChoiceForest> forests;
};

template <typename P>
Result<ForestReader> MakeForestReader(const SiteView& site, const P& parameters) {
  CLINNOVA_ASSIGN(ChoiceRows rows, ChoiceRows::Create(site, parameters.split));
  CLINNOVA_ASSIGN(auto forests, ForestsOf(site, rows.design().strata().front().levels,
                                          parameters.features, parameters.models));
  return ForestReader{std::move(rows), std::move(forests)};
}

/// Calls work(batch, row, sums) for every row in a fold, its bins filled.
template <typename P, typename Work>
Result<void> ForEachBinned(const SiteView& site, const P& parameters, const ForestReader& reader,
                           ExactSums& sums, Work work) {
  return ForEachBatch<ChoiceBatch>(site.table.rows, site.threads, sums,
                                   [&](std::size_t first, std::size_t count, ChoiceBatch& batch,
                                       ExactSums& mine) -> Result<void> {
                                     reader.rows.Read(first, count, batch);
                                     batch.bins.resize(parameters.features.size());
                                     for (std::size_t r = 0; r < batch.rows(); ++r) {
                                       if (batch.fold[r] == 0) continue;
                                       BinRow(site.table, batch.design.source_row[r],
                                              parameters.features, batch.bins);
                                       work(batch, r, mine);
                                     }
                                     return {};
                                   });
}

Result<void> LossEvaluate(const SiteView& site, const TreeLossParameters& parameters,
                          ExactSums& sums) {
  CLINNOVA_ASSIGN(const ForestReader reader, MakeForestReader(site, parameters));
  return ForEachBinned(
      site, parameters, reader, sums, [&](ChoiceBatch& batch, std::size_t r, ExactSums& mine) {
        for (std::size_t i = 0; i < parameters.on.size(); ++i) {
          if (batch.fold[r] != parameters.on[i]) continue;
          AddLosses(parameters, i, reader.forests[static_cast<std::size_t>(parameters.of[i])],
                    batch, r, mine);
        }
      });
}

// --- Spread ------------------------------------------------------------------------------------------

/// By arm, over everybody: squares of the models' predictors around their mean.
struct TreeSpreadParameters {
  ChoiceSplit split;
  std::vector<Feature> features{};
  std::vector<ChoiceTrees> models{};

  template <class A>
  void Fields(A& a) {
    a(split);
    a(features);
    a(models);
  }
};

Result<Layout> TreeSpreadLayout(const Analysis& analysis, const table::Schema& schema,
                                const TreeSpreadParameters& parameters) {
  CLINNOVA_ASSIGN(const std::size_t arms, stats::ArmsOf(analysis, schema, parameters.split.claim));
  return Layout{{WideBlock("squares", arms)}};
}

Result<void> TreeSpreadEvaluate(const SiteView& site, const TreeSpreadParameters& parameters,
                                ExactSums& sums) {
  CLINNOVA_ASSIGN(const ForestReader reader, MakeForestReader(site, parameters));
  return ForEachBinned(
      site, parameters, reader, sums, [&](ChoiceBatch& batch, std::size_t, ExactSums& mine) {
        for (std::size_t a = 0; a < reader.rows.arms(); ++a) {
          double sum = 0;
          double squares = 0;
          for (const ChoiceForest& forest : reader.forests) {
            const double eta = forest.Predictor(batch.bins, parameters.features, a);
            sum += eta;
            squares += eta * eta;
          }
          const auto k = static_cast<double>(reader.forests.size());
          mine.Add(0, a, std::max(0.0, squares - sum * sum / k));
        }
      });
}

const federation::TypedStep<TreeLossParameters> kTreeLossStep{"choice.tree_losses", LossLayout,
                                                              LossEvaluate, ChoiceGuard{}};
const federation::TypedStep<TreeSpreadParameters> kTreeSpreadStep{
    "choice.tree_spread", TreeSpreadLayout, TreeSpreadEvaluate, ChoiceGuard{}};

// --- The coordinator ---------------------------------------------------------------------------------

class ForestLearning {
 public:
  ForestLearning(Federation& federation, const Analysis& analysis, const ChoiceOptions& options,
                 const stats::ModelFrame& frame, const ForestTask& task)
      : federation_(federation),
        analysis_(analysis),
        settings_(*options.boosting),
        frame_(frame),
        task_(task),
        folds_(static_cast<std::size_t>(task.split.folds)) {}

  Result<LearnedForests> Run() {
    CLINNOVA_TRY(GrowAll());
    CLINNOVA_TRY(ChooseCounts());
    CLINNOVA_TRY(ReadSpread());
    return std::move(learned_);
  }

 private:
  Result<void> GrowAll() {
    CLINNOVA_ASSIGN(std::vector<Feature> features, ChoiceFeatures(analysis_, federation_.schema()));
    TreeProblem problem{.analysis = &analysis_,
                        .steps = ChoiceTreeSteps(),
                        .source = core::Encode(task_.split),
                        .features = std::move(features),
                        .rows = frame_.n()};
    std::vector<RunScope> runs;
    for (const ChoiceFolds& out : task_.left_out) {
      runs.push_back({.without_fold = out.first, .nor_fold = out.second});
    }
    settings_.objective = task_.binary ? Objective::kLogistic : Objective::kSquared;
    settings_.stratum_bases = task_.arm_base;
    CLINNOVA_ASSIGN(learned_.description, Describe(federation_, problem, runs));
    CLINNOVA_ASSIGN(const BoostedTrees fit,
                    FitBoostedTrees(federation_, problem, settings_, runs, learned_.description));
    for (const RunState& run : fit.claim.runs) {
      grown_.push_back({.arm_base = run.stratum_base, .trees = run.trees});
    }
    learned_.features = problem.features;
    return {};
  }

  std::vector<std::int64_t> Counts() const {
    std::vector<std::int64_t> counts = {0};
    for (std::int64_t k = 1; k <= kTreeCounts; ++k) {
      const std::int64_t count = settings_.trees * k / kTreeCounts;
      if (count > counts.back()) counts.push_back(count);
    }
    return counts;
  }

  Result<void> ChooseCounts() {
    TreeLossParameters parameters{.split = task_.split,
                                  .binary = task_.binary,
                                  .features = learned_.features,
                                  .models = grown_,
                                  .counts = Counts()};
    for (std::size_t f = 0; f < folds_; ++f) {
      for (std::size_t g = 0; g < folds_; ++g) {
        parameters.of.push_back(static_cast<std::int64_t>(SetWithout(folds_, f, g)));
        parameters.on.push_back(static_cast<std::int64_t>(g + 1));
      }
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kTreeLossStep, parameters));
    const std::size_t size = parameters.counts.size();
    const auto loss = [&](std::size_t f, std::size_t g, std::size_t k) {
      return sums.Number(0, (f * folds_ + g) * size + k);
    };
    learned_.chosen = PairsSplit();
    std::vector<double> everybody(size);
    for (std::size_t f = 0; f < folds_; ++f) {
      std::vector<double> others(size);
      for (std::size_t k = 0; k < size; ++k) {
        everybody[k] += loss(f, f, k);
        for (std::size_t g = 0; g < folds_; ++g) others[k] += g == f ? 0 : loss(f, g, k);
      }
      learned_.by_fold.push_back(Cut(SetWithout(folds_, f, f), parameters.counts, others));
      for (std::size_t g = 0; g < folds_; ++g) {
        learned_.by_pair.push_back(
            g == f ? ChoiceTrees{} : Cut(SetWithout(folds_, f, g), parameters.counts, others));
      }
    }
    learned_.all_rows = Cut(0, parameters.counts, everybody);
    return {};
  }

  /// Whether any tree without two folds has a split; none has where too few sites are left for one.
  bool PairsSplit() const {
    for (std::size_t set = folds_ + 1; set < grown_.size(); ++set) {
      for (const core::Bytes& tree : grown_[set].trees) {
        const auto read = UnpackTree(tree, learned_.features);
        if (read && read->size() > 1) return true;
      }
    }
    return false;
  }

  /// The training set's first trees, as many as lose least; all of them where nothing could be compared.
  ChoiceTrees Cut(std::size_t set, const std::vector<std::int64_t>& counts,
                  const std::vector<double>& losses) const {
    ChoiceTrees cut = grown_[set];
    if (!learned_.chosen) return cut;
    const auto least = std::ranges::min_element(losses) - losses.begin();
    cut.trees.resize(static_cast<std::size_t>(counts[static_cast<std::size_t>(least)]));
    return cut;
  }

  Result<void> ReadSpread() {
    const TreeSpreadParameters parameters{
        .split = task_.split, .features = learned_.features, .models = learned_.by_fold};
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kTreeSpreadStep, parameters));
    const auto k = static_cast<double>(folds_);
    for (std::size_t a = 0; a < task_.arms.size(); ++a) {
      const double squares = sums.Number(0, a) / static_cast<double>(frame_.n());
      learned_.std_error.push_back(std::sqrt((k - 1) / k * squares));
    }
    return {};
  }

  Federation& federation_;    // not owned, outlives this
  const Analysis& analysis_;  // not owned, outlives this
  BoostingSettings settings_;
  const stats::ModelFrame& frame_;  // not owned, outlives this
  const ForestTask& task_;          // not owned, outlives this
  std::size_t folds_;
  std::vector<ChoiceTrees> grown_{};  ///< by training set
  LearnedForests learned_{};
};

}  // namespace

Result<LearnedForests> LearnForests(Federation& federation, const Analysis& analysis,
                                    const ChoiceOptions& options, const stats::ModelFrame& frame,
                                    const ForestTask& task) {
  return ForestLearning(federation, analysis, options, frame, task).Run();
}

std::vector<const federation::Step*> ChoiceTreeStepList() {
  std::vector<const federation::Step*> steps = ChoiceTreeSteps().all();
  steps.push_back(&kTreeLossStep);
  steps.push_back(&kTreeSpreadStep);
  return steps;
}

}  // namespace clinnova::learn
