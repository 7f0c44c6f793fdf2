// SPDX-License-Identifier: Apache-2.0
#include "stats/cause_counts.h"

#include <algorithm>
#include <string>

#include "stats/person_rows.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using table::DesignBatch;

namespace {

constexpr std::size_t kLargestCells = 50'000'000;

struct StatusParameters {
  FrameClaim claim;
  template <class A>
  void Fields(A& a) {
    a(claim);
  }
};

/// Calls use(batch, row, case) for every complete case, which are numbered.
template <typename Use>
void ForEachCase(const SiteView& site, const SiteFrame& frame, Use use) {
  DesignBatch batch;
  std::size_t number = 0;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                          batch);
    for (std::size_t r = 0; r < batch.rows; ++r, ++number) {
      if (batch.weights[r] != 0) use(batch, r, number);
    }
  }
}

Result<Layout> StatusLayout(const Analysis&, const table::Schema&, const StatusParameters&) {
  return Layout{{CountBlock("status", table::kLargestCause + 1)}};
}

Result<void> StatusEvaluate(const SiteView& site, const StatusParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, *frame, parameters.claim, 0));
  ForEachCase(site, *frame, [&](const DesignBatch& batch, std::size_t r, std::size_t number) {
    if (persons && !persons->IsLast(persons->place[number])) return;
    sums.AddCount(0, static_cast<std::size_t>(batch.response.back()[r]));
  });
  return {};
}

const TypedStep<StatusParameters> kStatusStep{"competing.causes", StatusLayout, StatusEvaluate,
                                              FrameGuard{}};

struct CountParameters {
  FrameClaim claim;
  TimeAxis axis;
  std::vector<std::int64_t> causes;
  std::uint64_t strata = 1;
  std::uint64_t groups = 1;
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(axis);
    a(causes);
    a(strata);
    a(groups);
  }
};
enum CountBlocks { kCensored, kEvents, kEntries, kMoved, kArrived, kFlaws };

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema&,
                           const CountParameters& parameters) {
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  const bool late = formula.response().parts.size() == 3;
  const std::size_t cells = parameters.axis.size();
  if (cells > kLargestCells || parameters.strata > kLargestCells ||
      parameters.causes.size() > 200 ||
      cells * parameters.strata * (parameters.causes.size() + 1) > kLargestCells) {
    return Fail(ErrorCode::kRefused, "a time axis that is too long", "wrong_layout");
  }
  Layout layout{{CountBlock("censored", cells * parameters.strata),
                 CountBlock("events", cells * parameters.strata * parameters.causes.size()),
                 CountBlock("entries", late ? cells * parameters.strata : 0)}};
  if (!NamesPersons(analysis)) return layout;
  layout.blocks.push_back(CountBlock("moved", cells * parameters.strata));
  layout.blocks.push_back(CountBlock("arrived", cells * parameters.strata));
  layout.blocks.push_back(CountBlock("flaws", kPersonFlaws));
  return layout;
}

Result<void> CountEvaluate(const SiteView& site, const CountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  if (parameters.strata != StrataCount(frame->design) || parameters.groups == 0)
    return Fail(ErrorCode::kRefused, "strata that do not fit the design", "wrong_layout");
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, *frame, parameters.claim, parameters.axis.same));
  if (persons) {
    const std::vector<std::int64_t> flaws = persons->Flaws(parameters.groups, parameters.axis.same);
    for (std::size_t flaw = 0; flaw < flaws.size(); ++flaw)
      sums.AddCount(kFlaws, flaw, flaws[flaw]);
  }
  const std::size_t times = parameters.axis.size();
  bool off_axis = false;
  ForEachCase(site, *frame, [&](const DesignBatch& batch, std::size_t r, std::size_t number) {
    const std::size_t k = parameters.axis.IndexOf(batch.response[batch.response.size() - 2][r]);
    const auto status = static_cast<std::int64_t>(batch.response.back()[r]);
    const auto cause = std::lower_bound(parameters.causes.begin(), parameters.causes.end(), status);
    const std::size_t at = persons ? persons->place[number] : 0;
    const bool last = !persons || persons->IsLast(at);
    const bool known =
        status == 0 || !last || (cause != parameters.causes.end() && *cause == status);
    if (k == times || !known) {
      off_axis = true;
      return;
    }
    const std::size_t stratum = StratumOf(frame->design, batch, r);
    if (batch.response.size() == 3) {
      const std::size_t before = parameters.axis.BeforeEntry(batch.response[0][r]);
      if (before > k) return;  // never at risk
      const std::size_t entry = stratum * times + before - 1;
      if (before > 0 && !(persons && persons->ContinuedInCell(at))) sums.AddCount(kEntries, entry);
      if (before > 0 && persons && persons->Continued(at) && !persons->ContinuedInCell(at))
        sums.AddCount(kArrived, entry);
    }
    if (!last) {
      if (persons->Continues(at) && !persons->ContinuesInCell(at))
        sums.AddCount(kMoved, stratum * times + k);
      return;
    }
    if (status == 0) return sums.AddCount(kCensored, stratum * times + k);
    const auto c = static_cast<std::size_t>(cause - parameters.causes.begin());
    sums.AddCount(kEvents, (c * parameters.strata + stratum) * times + k);
  });
  if (off_axis)
    return Fail(ErrorCode::kRefused, "a time or cause that the hub does not know", "time_off_axis");
  return {};
}

const TypedStep<CountParameters> kCauseCountStep{"competing.counts", CountLayout, CountEvaluate,
                                                 FrameGuard{}};

}  // namespace

std::int64_t CauseCounts::AllEvents(std::size_t stratum, std::size_t k) const {
  std::int64_t all = 0;
  for (std::size_t c = 0; c < causes.size(); ++c) all += Events(c, stratum, k);
  return all;
}

bool CauseCounts::Anybody(std::size_t stratum) const {
  for (std::size_t k = 0; k < axis.size(); ++k) {
    if (Censored(stratum, k) + AllEvents(stratum, k) > 0) return true;
  }
  return false;
}

std::vector<std::int64_t> CauseCounts::AtRisk(std::size_t stratum) const {
  std::vector<std::int64_t> at_risk(axis.size());
  std::int64_t remaining = 0;
  for (std::size_t k = axis.size(); k-- > 0;) {
    remaining += Censored(stratum, k) + AllEvents(stratum, k) - Entries(stratum, k);
    at_risk[k] = remaining;
  }
  return at_risk;
}

template <typename Of>
CauseCounts CauseCounts::Joined(std::size_t into, Of of) const {
  CauseCounts all{axis, into, causes, {}, {}, {}};
  const std::size_t size = axis.size();
  all.censored.assign(into * size, 0);
  all.events.assign(causes.size() * into * size, 0);
  if (!entries.empty()) all.entries.assign(into * size, 0);
  for (std::size_t s = 0; s < strata; ++s) {
    for (std::size_t k = 0; k < size; ++k) {
      const std::size_t cell = of(s) * size + k;
      all.censored[cell] += Censored(s, k);
      if (!entries.empty()) all.entries[cell] += Entries(s, k);
      for (std::size_t c = 0; c < causes.size(); ++c)
        all.events[c * into * size + cell] += Events(c, s, k);
    }
  }
  return all;
}

CauseCounts CauseCounts::ByGroup(std::size_t groups) const {
  const auto group_of = [&](std::size_t stratum) { return stratum % groups; };
  CauseCounts all = Joined(groups, group_of);
  for (std::size_t i = 0; i < moved.size(); ++i)
    all.censored[group_of(i / axis.size()) * axis.size() + i % axis.size()] += moved[i];
  return all;
}

CauseCounts CauseCounts::ByStratum(std::size_t groups) const {
  const auto stratum_of = [&](std::size_t stratum) { return stratum / groups; };
  CauseCounts all = Joined(strata / groups, stratum_of);
  for (std::size_t i = 0; i < arrived.size() && !all.entries.empty(); ++i)
    all.entries[stratum_of(i / axis.size()) * axis.size() + i % axis.size()] -= arrived[i];
  return all;
}

Result<GroupColumns> FindGroupColumns(const Analysis& analysis, const ModelFrame& frame) {
  CLINNOVA_ASSIGN(std::vector<std::string> names, analysis.Texts("strata"));
  for (const table::Expression& stratum : frame.formula().strata()) names.push_back(stratum.name);
  GroupColumns columns;
  for (const table::Design::Stratum& column : frame.design().strata()) {
    if (std::find(names.begin(), names.end(), column.name) == names.end()) {
      columns.groups *= std::max<std::size_t>(1, column.levels.size());
    } else {
      ++columns.first;
    }
  }
  return columns;
}

Result<std::vector<std::int64_t>> FindCauses(Federation& federation, const Analysis& analysis,
                                             const ModelFrame& frame) {
  CLINNOVA_ASSIGN(const PooledSums sums,
                  federation.Sum(analysis, kStatusStep, StatusParameters{frame.claim()}));
  std::vector<std::int64_t> causes;
  const std::int64_t k = federation.minimum_count();
  for (std::size_t status = 0; status <= table::kLargestCause; ++status) {
    const std::int64_t count = sums.Count(0, status);
    if (count == 0) continue;
    if (count < k) {
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + analysis.name() + "\": status " + std::to_string(status) +
                      " has fewer than " + std::to_string(k) + " persons",
                  "rare_level");
    }
    if (status > 0) causes.push_back(static_cast<std::int64_t>(status));
  }
  return causes;
}

Result<CauseCounts> CountCauses(Federation& federation, const Analysis& analysis,
                                const ModelFrame& frame, TimeAxis axis,
                                std::vector<std::int64_t> causes, std::size_t groups) {
  CountParameters parameters{frame.claim(), std::move(axis), std::move(causes),
                             StrataCount(frame.design()), groups};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kCauseCountStep, parameters));
  CauseCounts counts{std::move(parameters.axis), parameters.strata,    std::move(parameters.causes),
                     sums.Counts(kCensored),     sums.Counts(kEvents), sums.Counts(kEntries)};
  if (!NamesPersons(analysis)) return counts;
  for (std::size_t flaw = 0; flaw < kPersonFlaws; ++flaw) {
    if (sums.Count(kFlaws, flaw) != 0)
      return analysis.Wrong("id", std::string(WordsOf(static_cast<PersonFlaw>(flaw))));
  }
  counts.moved = sums.Counts(kMoved);
  counts.arrived = sums.Counts(kArrived);
  return counts;
}

std::vector<const federation::Step*> CauseCountSteps() { return {&kStatusStep, &kCauseCountStep}; }

}  // namespace clinnova::stats
