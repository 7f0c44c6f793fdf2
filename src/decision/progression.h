// SPDX-License-Identifier: Apache-2.0
// Disability worsening and improvement of multiple sclerosis from visits and relapses: which changes are
// confirmed, and which of them go with a relapse.
//
//   Course course{.id = "p1", .visits = {{0, 2.0}, {180, 3.0}, {270, 3.0}}, .relapses = {}};
//   const std::vector<ProgressionEvent> events = FindEvents(course, {});
//   events[0];   // CDW on day 180, confirmed on day 270, sustained for 90 days
//
// The rules, which are those of msprog (N. Montobbio et al., Mult. Scler. 30 (2024) 1185-1192) with its
// defaults; each number is an option:
//
// 1. Of several visits on a day the last counts; visits without a value are left out.
// 2. The baseline is the first visit not within 30 days after a relapse's onset. With a roving baseline it
//    moves to the confirmation visit after each confirmed event. After any move the rule of 30 days applies again.
// 3. A change from the baseline b counts from a minimum on: EDSS 1.5 for b = 0, 1.0 for b up to 5.0, 0.5 above;
//    T25FW and 9HPT 20 % of b; SDMT 4 points or 20 % of b, whichever is less, where less is worse.
// 4. The first visit with such a change is the event's onset. It is confirmed when a visit from 7 days before
//    to 730.5 days after `confirm_days` later, not within 30 days after a relapse's onset, shows it, and all
//    visits in between do too. An unconfirmed change is passed over.
// 5. A confirmed worsening (CDW) is relapse-associated (RAW) when its onset is at most 90 days after a
//    relapse's onset. It is independent of relapses (PIRA) when it is not RAW and the intervals of the
//    chosen definition hold no relapse for some confirmation visit. Otherwise it stays CDW.
// 6. A confirmed improvement is CDI.
// 7. Where the definition re-baselines after relapses, a search that has crossed a relapse (by 90 days, or at
//    all when PIRA is what is sought) goes on from the first visit after it.
// 8. Relapses more than 30 days before the first visit are ignored.
// 9. The search goes on after the confirmation visit. The event is sustained up to the visit before the first
//    one that no longer shows it.
//
// Comparisons with minima count differences below 1e-9 as equal, as in score.h.
// Thread rule: pure functions over values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::decision {

enum class Outcome { kEdss, kT25fw, k9hpt, kSdmt };
enum class BaselineScheme { kFixed, kRoving, kRovingImprovement, kRovingWorsening };
enum class EventsWanted {
  kFirstWorsening,  ///< the first CDW, RAW or PIRA
  kFirst,           ///< the first of all, CDI included
  kFirstImprovement,
  kFirstPira,
  kFirstRaw,
  kMultiple
};
enum class EventType { kCdw, kRaw, kPira, kCdi };

/// Days without relapses around a visit. An end that is absent joins the interval to its neighbour's: no
/// `after` at the baseline and no `before` at the event mean "from the baseline to the event". Both 0 =
/// the visit does not matter.
struct RelapseFree {
  std::optional<double> before = 0.0;
  std::optional<double> after = 0.0;
};

/// A published definition of progression independent of relapse activity.
struct PiraDefinition {
  std::string_view name;
  RelapseFree reference{};
  RelapseFree event{};
  RelapseFree confirmation{};
  bool reference_is_last_visit = false;  ///< the visit before the event instead of the baseline
  bool rebaseline_after_relapse = false;
  std::string_view source{};
};
/// muller2023 (the default), muller2023-strict, muller2025, kappos2020, cagol2022.
const std::vector<PiraDefinition>& PiraDefinitions();
/// Null when there is no such definition.
const PiraDefinition* FindPiraDefinition(std::string_view name);

struct Visit {
  double day = 0.0;
  double value = 0.0;
};

struct Course {
  std::string id;
  std::vector<Visit> visits;     ///< in any order
  std::vector<double> relapses;  ///< days of onset, in any order
};

struct ProgressionOptions {
  Outcome outcome = Outcome::kEdss;
  double confirm_days = 84;
  double confirm_before = 7;     ///< tolerance towards earlier visits
  double confirm_after = 730.5;  ///< and towards later ones
  BaselineScheme baseline = BaselineScheme::kFixed;
  EventsWanted events = EventsWanted::kFirstWorsening;
  bool classify = false;  ///< into RAW and PIRA; first-pira and first-raw do so anyway
  PiraDefinition pira = PiraDefinitions().front();
  double relapse_to_baseline = 30;
  double relapse_to_confirmation = 30;
  double relapse_associated = 90;
  double edss_half_step_above = 5.0;  ///< 5.5 in older trials
};

struct ProgressionEvent {
  EventType type = EventType::kCdw;
  double day = 0.0;
  double confirmed_day = 0.0;  ///< of PIRA: the first confirmation that its definition allows
  double sustained_days = 0.0;
};

/// The smallest change from `baseline` that counts (rule 3).
double MinimumChange(Outcome outcome, double baseline, double edss_half_step_above = 5.0);

/// The events in the order of their onsets. Fewer than two visits have none.
std::vector<ProgressionEvent> FindEvents(const Course& course, const ProgressionOptions& options);

std::string_view Name(EventType type);
std::string_view Name(Outcome outcome);
std::string_view Name(BaselineScheme baseline);
std::string_view Name(EventsWanted events);

}  // namespace clinnova::decision
