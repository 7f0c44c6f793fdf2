// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_sites.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "learn/choice_options.h"
#include "learn/made_once.h"
#include "stats/meta_sums.h"

namespace clinnova::learn {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::WideBlock;
using stats::SiteEstimate;

namespace {

constexpr std::size_t kPerArea = 3;   // pairs in order, pairs, variance of their number
constexpr std::size_t kPerShift = 4;  // sites by kShiftLimits, then by kMissingLimits
/// A shift that chance makes in fewer of a hundred sites that are like all.
constexpr double kShiftChance = 0.01;
bool Told(std::int64_t contributors, int minimum_count) {
  return contributors >= (minimum_count > 0 ? stats::kFewestSites : 1);
}

/// Fewer persons say nothing by themselves; where disclosure rules hold they must not.
std::int64_t Fewest(const SiteView& site) { return std::max(2, site.minimum_count); }

/// Of a factor the level, else the last group that begins at or before the value's bin. Of a row with a value.
std::size_t GroupOf(const ChoiceInput& input, const ShiftGroups& groups,
                    const table::Column& column, std::size_t row) {
  if (input.factor) return static_cast<std::size_t>(column.codes[row]);
  const auto bin =
      static_cast<std::int64_t>(InputBin(column.numbers[row], groups.center, groups.scale));
  return GroupOfBin(groups.first_bins, bin);
}

/// What a site knows of its rule's gain and its models' areas; nothing of it leaves but through AddSite and CountSite.
struct SiteNumbers {
  std::int64_t persons = 0;
  std::optional<SiteEstimate> gain{}, log_odds{};
  struct Area {
    double pairs = 0;
    Auc auc;
  };
  std::vector<std::optional<Area>> areas{};  ///< by arm, then all; none of a continuous outcome
};

enum TallyBlock { kTallyRows, kTallyGains, kTallyScores };
enum TallyRow { kTallyPersons, kTallyChanged, kTallyRowKinds };

class Tally {
 public:
  Tally(const SiteView& site, const ChoiceSplit& split, const ChoiceModels& models,
        std::int64_t best)
      : site_(site), split_(split), models_(models), best_(static_cast<std::size_t>(best)) {}

  Result<SiteNumbers> Make() {
    CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site_, split_));
    arms_ = rows.arms();
    if (best_ >= arms_) return Fail(ErrorCode::kRefused, "an arm that is none", "wrong_layout");
    const Layout layout{{CountBlock("rows", kTallyRowKinds), WideBlock("gains", 2),
                         CountBlock("scores", models_.binary ? arms_ * 2 * kScoreBins : 0)}};
    CLINNOVA_ASSIGN(const PooledSums own,
                    SumAlone(site_, split_, models_, layout,
                             [&](const ChoiceRows&, ChoiceBatch& batch, ExactSums& mine) {
                               AddBatch(batch, mine);
                             }));
    return NumbersFrom(own);
  }

 private:
  void AddBatch(const ChoiceBatch& batch, ExactSums& mine) const {
    const double sign = models_.higher_is_better ? 1 : -1;
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      if (batch.fold[r] == 0) continue;
      const auto chosen = static_cast<std::size_t>(batch.chosen[r]);
      const auto own = static_cast<std::size_t>(batch.arm()[r]);
      const double gain = sign * (batch.score[chosen][r] - batch.score[best_][r]);
      mine.AddCount(kTallyRows, kTallyPersons);
      if (chosen != best_) mine.AddCount(kTallyRows, kTallyChanged);
      mine.Add(kTallyGains, 0, gain);
      mine.Add(kTallyGains, 1, gain * gain);
      if (models_.binary) {
        mine.AddCount(kTallyScores, ScoreIndex(own, batch.y()[r] == 1, batch.predicted[own][r]));
      }
    }
  }

  std::optional<SiteNumbers::Area> AreaOf(std::span<const std::int64_t> counts) const {
    std::int64_t n[2] = {};
    for (std::size_t i = 0; i < counts.size(); ++i) n[i / kScoreBins] += counts[i];
    if (std::min(n[0], n[1]) < Fewest(site_)) return {};
    return SiteNumbers::Area{.pairs = static_cast<double>(n[0]) * static_cast<double>(n[1]),
                             .auc = *AucOf(counts)};
  }

  /// Everybody whom the rule gives the best single drug gains 0: the gain is that of the others, who must be enough.
  std::optional<SiteEstimate> GainFrom(const PooledSums& total) const {
    const std::int64_t persons = total.Count(kTallyRows, kTallyPersons);
    const std::int64_t changed = total.Count(kTallyRows, kTallyChanged);
    if (persons < Fewest(site_) || changed < std::max(1, site_.minimum_count)) return {};
    const auto n = static_cast<double>(persons);
    const double mean = total.Number(kTallyGains, 0) / n;
    const double variance = (total.Number(kTallyGains, 1) / n - mean * mean) / (n - 1);
    if (!(variance > 0)) return {};
    return SiteEstimate{.estimate = mean, .variance = variance};
  }

  SiteNumbers NumbersFrom(const PooledSums& total) const {
    SiteNumbers numbers{.persons = total.Count(kTallyRows, kTallyPersons), .gain = GainFrom(total)};
    if (!models_.binary) return numbers;
    const std::vector<std::int64_t> scores = total.Counts(kTallyScores);
    for (std::size_t a = 0; a < arms_; ++a) {
      numbers.areas.push_back(
          AreaOf(std::span(scores).subspan(2 * kScoreBins * a, 2 * kScoreBins)));
    }
    numbers.areas.push_back(AreaOf(OverArms(scores)));
    const auto& all = numbers.areas.back();
    if (all && all->auc.auc > 0 && all->auc.auc < 1 && all->auc.variance > 0) {
      const double auc = all->auc.auc;
      const double slope = 1 / (auc * (1 - auc));
      numbers.log_odds = SiteEstimate{.estimate = core::Log(auc) - core::Log1p(-auc),
                                      .variance = all->auc.variance * slope * slope};
    }
    return numbers;
  }

  const SiteView& site_;        // not owned, outlives this
  const ChoiceSplit& split_;    // not owned, outlives this
  const ChoiceModels& models_;  // not owned, outlives this
  std::size_t best_;
  std::size_t arms_ = 0;
};

/// Three rounds ask for the same numbers.
Result<SiteNumbers> NumbersOf(const SiteView& site, const ChoiceSplit& split,
                              const ChoiceModels& models, std::int64_t best) {
  std::string key = "choice site " + site.analysis.name() + " " + std::to_string(best);
  for (const core::Bytes& about : {core::Encode(split), core::Encode(models)}) {
    key += " " + core::ToHex(core::Blake2b(about));
  }
  return MakeOnce<Result<SiteNumbers>>(site.cache, key,
                                       [&] { return Tally(site, split, models, best).Make(); });
}

/// This site's persons by group of each input, and its rows without a value.
struct SiteInputs {
  std::vector<std::vector<std::int64_t>> groups{};
  std::vector<std::int64_t> missing{};
};

Result<SiteInputs> InputsAt(const SiteView& site, const ChoiceSplit& split,
                            const std::vector<ShiftGroups>& groups) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs,
                  InputsOf(site.analysis, site.table.schema));
  CLINNOVA_ASSIGN(const ChoiceRows rows, ChoiceRows::Create(site, split));
  SiteInputs found;
  Layout layout;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    layout.blocks.push_back(CountBlock(inputs[i].name, groups[i].persons.size()));
    const table::Column& column = site.table.column(inputs[i].column);
    std::int64_t& missing = found.missing.emplace_back();
    for (std::size_t r = 0; r < site.table.rows; ++r) {
      missing += IsMissing(inputs[i], column, r) ? 1 : 0;
    }
  }
  ExactSums own(layout);
  CLINNOVA_TRY(federation::ForEachBatch<ChoiceBatch>(
      site.table.rows, site.threads, own,
      [&](std::size_t first, std::size_t count, ChoiceBatch& batch,
          ExactSums& mine) -> Result<void> {
        rows.Read(first, count, batch);
        for (std::size_t r = 0; r < batch.rows(); ++r) {
          if (batch.fold[r] == 0) continue;
          const std::size_t row = batch.design.source_row[r];
          for (std::size_t i = 0; i < groups.size(); ++i) {
            const table::Column& column = site.table.column(inputs[i].column);
            if (IsMissing(inputs[i], column, row)) continue;
            const std::size_t group = GroupOf(inputs[i], groups[i], column, row);
            if (group < groups[i].persons.size()) mine.AddCount(i, group);
          }
        }
        return {};
      }));
  CLINNOVA_ASSIGN(const PooledSums total, PooledSums::Decode(layout, own.Seal(core::Hash{})));
  for (std::size_t i = 0; i < groups.size(); ++i) found.groups.push_back(total.Counts(i));
  return found;
}

void AddShift(const SiteView& site, std::int64_t count, const SiteInputs& inputs,
              const ChoiceSiteQuestion& question, std::size_t first, ExactSums& sums) {
  const auto persons = static_cast<double>(count);
  const std::int64_t unit = std::max(1, site.minimum_count);
  const std::int64_t weight = count / unit * unit;
  sums.AddCount(first + kSiteWeight, 0, weight);
  for (std::size_t i = 0; i < question.inputs.size(); ++i) {
    const std::vector<std::int64_t>& all = question.inputs[i].persons;
    const double index = StabilityIndex(inputs.groups[i], all);
    double everybody = 0;
    double groups = 0;
    for (const std::int64_t count : all) {
      everybody += static_cast<double>(count);
      groups += count > 0 ? 1 : 0;
    }
    sums.Add(first + kSiteShift, i, static_cast<double>(weight) * index);
    // Of a site drawn from all, persons * index / (1 - its part) is about chi-squared.
    const double apart = std::max(1e-9, 1 - persons / everybody);
    const bool chance = groups < 2 || core::ChiSquaredUpperTail(persons * index / apart,
                                                                groups - 1) >= kShiftChance;
    const double missing =
        static_cast<double>(inputs.missing[i]) / static_cast<double>(site.table.rows);
    for (std::size_t l = 0; l < 2; ++l) {
      if (!chance && index > kShiftLimits[l])
        sums.AddCount(first + kSiteShifted, kPerShift * i + l);
      if (missing > kMissingLimits[l]) sums.AddCount(first + kSiteShifted, kPerShift * i + 2 + l);
    }
  }
}

}  // namespace

// --- Shift -------------------------------------------------------------------------------------------

ShiftGroups ShiftGroupsOf(const std::vector<std::int64_t>& counts, bool factor, double center,
                          double scale) {
  ShiftGroups groups{.center = center, .scale = scale};
  if (factor) {
    groups.persons = counts;
    return groups;
  }
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  groups.first_bins = {0};
  groups.persons = {0};
  std::int64_t so_far = 0;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    so_far += counts[b];
    groups.persons.back() += counts[b];
    // The group is full once it reaches the next tenth.
    const auto due = static_cast<std::int64_t>(groups.persons.size()) * total;
    if (so_far * static_cast<std::int64_t>(kShiftGroups) >= due && so_far < total) {
      groups.first_bins.push_back(static_cast<std::int64_t>(b) + 1);
      groups.persons.push_back(0);
    }
  }
  return groups;
}

double StabilityIndex(const std::vector<std::int64_t>& site, const std::vector<std::int64_t>& all) {
  double persons[2] = {};
  std::size_t used = 0;
  for (std::size_t g = 0; g < all.size(); ++g) {
    persons[0] += static_cast<double>(site[g]);
    persons[1] += static_cast<double>(all[g]);
    used += all[g] > 0 ? 1 : 0;
  }
  double index = 0;
  for (std::size_t g = 0; g < all.size(); ++g) {
    if (all[g] == 0) continue;
    // Half a person more in each group, so that one without anybody has a share.
    const auto groups = static_cast<double>(used);
    const double p = (static_cast<double>(site[g]) + 0.5) / (persons[0] + groups / 2);
    const double q = (static_cast<double>(all[g]) + 0.5) / (persons[1] + groups / 2);
    index += (p - q) * (core::Log(p) - core::Log(q));
  }
  return index;
}

// --- The site's side ---------------------------------------------------------------------------------

Result<std::vector<federation::BlockSpec>> SiteBlocks(const Analysis& analysis,
                                                      const table::Schema& schema, std::size_t arms,
                                                      const ChoiceSiteQuestion& question) {
  const bool asked = question.best >= 0;
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  if (asked && !options.evaluation.between_sites) {
    return Fail(ErrorCode::kRefused, "the approved analysis does not compare sites",
                "sites_not_released");
  }
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, schema));
  const std::size_t metrics = kSiteAreas + arms + 1;
  bool fits = !asked || (question.best < static_cast<std::int64_t>(arms) &&
                         question.contributors.size() == metrics && question.powers >= 1 &&
                         question.powers <= 2 && question.tau2s[0] >= 0 && question.tau2s[1] >= 0 &&
                         question.inputs.size() == (question.details == 1 ? inputs.size() : 0));
  for (std::size_t i = 0; fits && i < question.inputs.size(); ++i) {
    const ShiftGroups& groups = question.inputs[i];
    fits = groups.scale > 0 && std::ranges::is_sorted(groups.first_bins) &&
           groups.persons.size() ==
               (inputs[i].factor ? inputs[i].levels.size() : groups.first_bins.size()) &&
           (inputs[i].factor ||
            (!groups.first_bins.empty() && groups.first_bins.size() <= kShiftGroups &&
             groups.first_bins[0] == 0)) &&
           std::ranges::all_of(groups.persons, [](std::int64_t n) { return n >= 0; });
  }
  if (!fits)
    return Fail(ErrorCode::kRefused, "a question that sites cannot answer", "wrong_layout");
  const bool details = asked && question.details == 1;
  const std::size_t powers = asked ? static_cast<std::size_t>(question.powers) : 0;
  const std::size_t shift = details ? inputs.size() : 0;
  return std::vector<federation::BlockSpec>{
      WideBlock("site_gain", 3 * powers),
      WideBlock("site_log_odds", 3 * powers),
      WideBlock("site_areas", details ? kPerArea * (arms + 1) : 0),
      WideBlock("site_shift", shift),
      CountBlock("site_shifted", kPerShift * shift),
      CountBlock("site_weight", details ? 1 : 0)};
}

Result<void> AddSite(const SiteView& site, const ChoiceSplit& split, const ChoiceModels& models,
                     const ChoiceSiteQuestion& question, std::size_t first, ExactSums& sums) {
  if (question.best < 0) return {};
  const auto sites = static_cast<std::int64_t>(
      site.table.schema.columns[*site.table.schema.Find("site")].levels.size());
  if (std::ranges::any_of(question.contributors, [&](std::int64_t k) { return k > sites; })) {
    return Fail(ErrorCode::kRefused, "more sites than there are", "false_claim");
  }
  CLINNOVA_ASSIGN(const SiteNumbers numbers, NumbersOf(site, split, models, question.best));
  const auto told = [&](std::size_t metric) {
    return Told(question.contributors[metric], site.minimum_count);
  };
  const auto powers = static_cast<std::size_t>(question.powers);
  if (numbers.gain && told(kSiteGain)) {
    stats::AddWeighted(*numbers.gain, question.tau2s[0], question.centers[0], powers,
                       first + kSiteGainSums, sums);
  }
  if (numbers.log_odds && told(kSiteAuc)) {
    stats::AddWeighted(*numbers.log_odds, question.tau2s[1], question.centers[1], powers,
                       first + kSiteAucSums, sums);
  }
  if (question.details != 1) return {};
  for (std::size_t a = 0; a < numbers.areas.size(); ++a) {
    if (!numbers.areas[a] || !told(kSiteAreas + a)) continue;
    const auto& [pairs, auc] = *numbers.areas[a];
    sums.Add(first + kSiteAreaSums, kPerArea * a, auc.auc * pairs);
    sums.Add(first + kSiteAreaSums, kPerArea * a + 1, pairs);
    sums.Add(first + kSiteAreaSums, kPerArea * a + 2, auc.variance * pairs * pairs);
  }
  if (numbers.persons < Fewest(site) || !told(kSitePersons)) return {};
  CLINNOVA_ASSIGN(const SiteInputs inputs, InputsAt(site, split, question.inputs));
  AddShift(site, numbers.persons, inputs, question, first, sums);
  return {};
}

Result<void> CountSite(const SiteView& site, const ChoiceSplit& split, const ChoiceModels& models,
                       std::int64_t best, std::size_t block, ExactSums& sums) {
  CLINNOVA_ASSIGN(const SiteNumbers numbers, NumbersOf(site, split, models, best));
  if (numbers.gain) sums.AddCount(block, kSiteGain);
  if (numbers.log_odds) sums.AddCount(block, kSiteAuc);
  if (numbers.persons >= Fewest(site)) sums.AddCount(block, kSitePersons);
  for (std::size_t a = 0; a < numbers.areas.size(); ++a) {
    if (numbers.areas[a]) sums.AddCount(block, kSiteAreas + a);
  }
  return {};
}

// --- The hub's side ----------------------------------------------------------------------------------

ComparingSites::ComparingSites(std::size_t arms, bool binary, int minimum_count,
                               double confidence_level)
    : arms_(arms), binary_(binary), minimum_count_(minimum_count), level_(confidence_level) {}

void ComparingSites::TakeContributors(std::vector<std::int64_t> contributors) {
  question_.contributors = std::move(contributors);
}

bool ComparingSites::Told(std::size_t metric) const {
  return learn::Told(question_.contributors[metric], minimum_count_);
}

ChoiceSiteQuestion ComparingSites::First(std::size_t best, double gain, double log_odds,
                                         std::vector<ShiftGroups> inputs,
                                         std::vector<std::string> names) {
  question_.best = static_cast<std::int64_t>(best);
  question_.powers = 2;
  question_.centers = {gain, log_odds};
  question_.details = 1;
  question_.inputs = std::move(inputs);
  names_ = std::move(names);
  return question_;
}

void ComparingSites::TakeFirst(const PooledSums& sums, std::size_t first) {
  for (std::size_t m = 0; m < 2; ++m) {
    const std::int64_t sites = question_.contributors[m];
    if (!Told(m) || sites < 2) continue;
    const stats::WeightedSums fixed =
        stats::WeightedSumsFrom(sums, first + m, 2, question_.centers[m]);
    question_.tau2s[m] = stats::MomentTau2(fixed, sites);
    question_.centers[m] = fixed.mean;
    q_[m] = fixed.wee[0];
    typical_[m] = stats::TypicalVariance(fixed, sites);
  }
  for (std::size_t a = 0; binary_ && a <= arms_; ++a) {
    auto& area = comparison_.areas.emplace_back();
    if (!Told(kSiteAreas + a)) continue;
    const auto at = [&](std::size_t i) {
      return sums.Number(first + kSiteAreaSums, kPerArea * a + i);
    };
    area = WithinSites{.sites = question_.contributors[kSiteAreas + a],
                       .auc = {.auc = at(0) / at(1), .variance = at(2) / at(1) / at(1)}};
  }
  if (Told(kSitePersons)) TakeShift(sums, first);
}

void ComparingSites::TakeShift(const PooledSums& sums, std::size_t first) {
  comparison_.sites = question_.contributors[kSitePersons];
  const auto persons = static_cast<double>(sums.Count(first + kSiteWeight));
  for (std::size_t i = 0; i < question_.inputs.size(); ++i) {
    if (names_[i] == "site") continue;
    InputShift shift{.name = names_[i]};
    const auto groups = static_cast<double>(std::ranges::count_if(
        question_.inputs[i].persons, [](std::int64_t count) { return count > 0; }));
    shift.index = sums.Number(first + kSiteShift, i) / persons;
    shift.expected = (groups - 1) * static_cast<double>(comparison_.sites - 1) / persons;
    for (std::size_t l = 0; l < 2; ++l) {
      shift.shifted[l] = sums.Count(first + kSiteShifted, kPerShift * i + l);
      shift.missing[l] = sums.Count(first + kSiteShifted, kPerShift * i + 2 + l);
    }
    comparison_.shift.push_back(std::move(shift));
  }
}

ChoiceSiteQuestion ComparingSites::Second() const {
  ChoiceSiteQuestion question = question_;
  question.powers = 1;
  question.details = 0;
  question.inputs.clear();
  return question;
}

std::optional<BetweenSites> ComparingSites::Together(const PooledSums& sums, std::size_t block,
                                                     std::size_t metric) const {
  const std::int64_t sites = question_.contributors[metric];
  if (!Told(metric) || sites < 2) return {};
  const stats::WeightedSums at = stats::WeightedSumsFrom(sums, block, 1, question_.centers[metric]);
  const auto degrees = static_cast<double>(sites - 1);
  const double tau2 = question_.tau2s[metric];
  BetweenSites between{.sites = sites, .estimate = at.mean, .tau2 = tau2, .q = q_[metric]};
  between.std_error = std::sqrt(std::max(1.0, at.wee[0] / degrees) / at.w[0]);
  between.i2 = 100 * tau2 / (typical_[metric] + tau2);
  between.q_p_value = core::ChiSquaredUpperTail(between.q, degrees);
  const double t = core::StudentTQuantile(0.5 + level_ / 2, degrees);
  between.around = stats::IntervalsAround(at.mean, between.std_error, tau2, t);
  return between;
}

void ComparingSites::TakeSecond(const PooledSums& sums, std::size_t first) {
  comparison_.gain = Together(sums, first + kSiteGainSums, kSiteGain);
  if (binary_) comparison_.log_odds = Together(sums, first + kSiteAucSums, kSiteAuc);
}

}  // namespace clinnova::learn
