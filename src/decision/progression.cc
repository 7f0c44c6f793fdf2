// SPDX-License-Identifier: Apache-2.0
#include "decision/progression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace clinnova::decision {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kNever = std::numeric_limits<double>::infinity();

/// Rule 1: sorted by day, of a day the last.
std::vector<Visit> OnePerDay(const std::vector<Visit>& visits) {
  std::map<double, double> by_day;
  for (const Visit& visit : visits) by_day[visit.day] = visit.value;
  std::vector<Visit> ordered;
  for (const auto& [day, value] : by_day) ordered.push_back({day, value});
  return ordered;
}

/// The search through one patient's visits.
class Search {
 public:
  Search(const Course& course, const ProgressionOptions& options)
      : options_(options), visits_(OnePerDay(course.visits)) {
    classify_ = options.classify || options.events == EventsWanted::kFirstPira ||
                options.events == EventsWanted::kFirstRaw;
    if (options.events == EventsWanted::kFirstImprovement) classify_ = false;
    if (visits_.empty()) return;
    for (const double day : course.relapses) {
      if (day >= visits_.front().day - options.relapse_to_baseline) relapses_.push_back(day);
    }
    std::ranges::sort(relapses_);
  }

  std::vector<ProgressionEvent> Run() {
    next_relapse_ = RelapseAfterBaseline();
    bool searching = visits_.size() > 1;
    while (searching && PlaceBaseline()) {
      next_relapse_ = RelapseAfterBaseline();
      next_ = std::max(next_, baseline_ + 1);
      const std::optional<std::size_t> change = NextChange();
      if (!change) break;
      if (CrossesRelapse(*change)) {
        next_ = *change;
      } else {
        Examine(*change);
      }
      searching = RebaselineAfterRelapse() && !Found();
    }
    return Wanted();
  }

 private:
  struct Candidate {
    std::size_t onset = 0;
    ProgressionEvent event;
  };

  double DaysSinceRelapse(std::size_t visit) const {
    double days = kNever;
    for (const double relapse : relapses_) {
      if (relapse <= visits_[visit].day) days = visits_[visit].day - relapse;
    }
    return days;
  }

  /// Rule 2; false when too few visits are left.
  bool PlaceBaseline() {
    while (DaysSinceRelapse(baseline_) < options_.relapse_to_baseline) {
      ++baseline_;
      if (baseline_ + 1 >= visits_.size()) return false;
    }
    return baseline_ < visits_.size();
  }

  double Minimum() const {
    return MinimumChange(options_.outcome, visits_[baseline_].value, options_.edss_half_step_above);
  }
  /// How much worse than the baseline the visit is.
  double Worsening(std::size_t visit) const {
    const double rise = visits_[visit].value - visits_[baseline_].value;
    return options_.outcome == Outcome::kSdmt ? -rise : rise;
  }
  /// Whether the visit is changed enough in the direction of `sign`: 1 worse, -1 better.
  bool Shows(std::size_t visit, int sign) const {
    const double change = sign * Worsening(visit);
    return change > kTolerance && change >= Minimum() - kTolerance;
  }

  std::optional<std::size_t> NextChange() const {
    for (std::size_t visit = next_; visit < visits_.size(); ++visit) {
      if (Shows(visit, 1) || Shows(visit, -1)) return visit;
    }
    return std::nullopt;
  }

  std::vector<std::size_t> ConfirmationVisits(std::size_t onset) const {
    std::vector<std::size_t> visits;
    for (std::size_t visit = onset + 1; visit < visits_.size(); ++visit) {
      const double days = visits_[visit].day - visits_[onset].day;
      if (days >= options_.confirm_days - options_.confirm_before &&
          days <= options_.confirm_days + options_.confirm_after &&
          DaysSinceRelapse(visit) >= options_.relapse_to_confirmation) {
        visits.push_back(visit);
      }
    }
    return visits;
  }

  /// Rule 4: decides on the change at `onset` and moves on.
  void Examine(std::size_t onset) {
    const int sign = Shows(onset, 1) ? 1 : -1;
    std::vector<std::size_t> visits = ConfirmationVisits(onset);
    bool confirmed = !visits.empty();
    for (std::size_t v = onset + 1; confirmed && v <= visits.front(); ++v) {
      confirmed = Shows(v, sign);
    }
    if (!confirmed) {
      next_ = onset + 1;
      return;
    }
    std::size_t last = visits.front();
    while (last + 1 < visits_.size() && Shows(last + 1, sign)) ++last;
    std::erase_if(visits, [&](std::size_t visit) { return visit > last; });
    const ProgressionEvent event{.type = EventType::kCdi,
                                 .day = visits_[onset].day,
                                 .confirmed_day = visits_[visits.front()].day,
                                 .sustained_days = visits_[last].day - visits_[onset].day};
    if (sign < 0) {
      Improve(onset, event, visits.front());
    } else {
      Worsen(onset, event, visits);
    }
  }

  void Improve(std::size_t onset, const ProgressionEvent& event, std::size_t confirmed) {
    found_.push_back({onset, event});
    if (options_.baseline == BaselineScheme::kRoving ||
        options_.baseline == BaselineScheme::kRovingImprovement) {
      baseline_ = confirmed;
    }
    next_ = confirmed + 1;
  }

  void Worsen(std::size_t onset, ProgressionEvent event, const std::vector<std::size_t>& visits) {
    event.type = EventType::kCdw;
    if (classify_) Classify(onset, event, visits);
    const bool moves = options_.baseline == BaselineScheme::kRoving ||
                       options_.baseline == BaselineScheme::kRovingWorsening;
    // Without a baseline that worsening moves, what is not of the type sought is as if not there.
    const bool passed_over =
        !moves &&
        ((options_.events == EventsWanted::kFirstPira && event.type != EventType::kPira) ||
         (options_.events == EventsWanted::kFirstRaw && event.type != EventType::kRaw));
    if (!passed_over) found_.push_back({onset, event});
    if (moves) baseline_ = visits.front();
    next_ = (passed_over ? onset : visits.front()) + 1;
  }

  /// Rule 5.
  void Classify(std::size_t onset, ProgressionEvent& event,
                const std::vector<std::size_t>& visits) const {
    if (DaysSinceRelapse(onset) <= options_.relapse_associated) {
      event.type = EventType::kRaw;
      return;
    }
    for (const std::size_t confirmation : visits) {
      if (!FreeOfRelapses(onset, confirmation)) continue;
      event.type = EventType::kPira;
      event.confirmed_day = visits_[confirmation].day;
      return;
    }
  }

  bool FreeOfRelapses(std::size_t onset, std::size_t confirmation) const {
    const PiraDefinition& pira = options_.pira;
    const std::size_t reference = pira.reference_is_last_visit ? onset - 1 : baseline_;
    const std::pair<double, RelapseFree> points[] = {
        {visits_[reference].day, pira.reference},
        {visits_[onset].day, pira.event},
        {visits_[confirmation].day, pira.confirmation}};
    double from = 0.0;
    for (const auto& [day, interval] : points) {
      if (interval.before) from = day - *interval.before;
      if (!interval.after) continue;  // goes on to the next point
      const double to = day + *interval.after;
      if (to > from && std::ranges::any_of(relapses_, [&](double relapse) {
            return from <= relapse && relapse <= to;
          })) {
        return false;
      }
    }
    return true;
  }

  // Rule 7.
  std::optional<double> RelapseAfterBaseline() const {
    if (baseline_ >= visits_.size()) return std::nullopt;
    for (const double relapse : relapses_) {
      if (relapse > visits_[baseline_].day) return relapse;
    }
    return std::nullopt;
  }
  double RelapseReach() const {
    return options_.events == EventsWanted::kFirstPira ? 0.0 : options_.relapse_associated;
  }
  bool CrossesRelapse(std::size_t change) const {
    return options_.pira.rebaseline_after_relapse && next_relapse_ &&
           visits_[change].day > *next_relapse_ + RelapseReach();
  }
  /// False when no visits are left to search.
  bool RebaselineAfterRelapse() {
    if (!options_.pira.rebaseline_after_relapse || next_ >= visits_.size()) return true;
    const bool crossed = std::ranges::any_of(relapses_, [&](double relapse) {
      return visits_[baseline_].day < relapse && relapse + RelapseReach() < visits_[next_].day;
    });
    if (!crossed || !next_relapse_) return true;
    while (baseline_ < visits_.size() && visits_[baseline_].day < *next_relapse_) ++baseline_;
    next_ = baseline_ + 1;
    return baseline_ + 1 < visits_.size();
  }

  bool Found() const {
    return std::ranges::any_of(found_,
                               [&](const Candidate& c) { return IsWanted(c.event.type); }) &&
           options_.events != EventsWanted::kMultiple;
  }
  bool IsWanted(EventType type) const {
    switch (options_.events) {
      case EventsWanted::kFirstWorsening: return type != EventType::kCdi;
      case EventsWanted::kFirstImprovement: return type == EventType::kCdi;
      case EventsWanted::kFirstPira: return type == EventType::kPira;
      case EventsWanted::kFirstRaw: return type == EventType::kRaw;
      default: return true;
    }
  }

  /// One event per onset, the last found (a re-baseline may find one again), in order.
  std::vector<ProgressionEvent> Wanted() const {
    std::map<std::size_t, ProgressionEvent> by_onset;
    for (const Candidate& candidate : found_) by_onset[candidate.onset] = candidate.event;
    std::vector<ProgressionEvent> wanted;
    for (const auto& [onset, event] : by_onset) {
      if (!IsWanted(event.type)) continue;
      wanted.push_back(event);
      if (options_.events != EventsWanted::kMultiple) break;
    }
    return wanted;
  }

  const ProgressionOptions& options_;  // not owned, outlives this
  std::vector<Visit> visits_;
  std::vector<double> relapses_;
  bool classify_ = false;
  std::size_t baseline_ = 0;
  std::size_t next_ = 1;
  std::optional<double> next_relapse_;
  std::vector<Candidate> found_;
};

}  // namespace

const std::vector<PiraDefinition>& PiraDefinitions() {
  constexpr RelapseFree kUntilNext{.before = 0.0, .after = std::nullopt};
  static const std::vector<PiraDefinition> definitions{
      {.name = "muller2023",
       .event = {.before = 90, .after = 30},
       .confirmation = {.before = 90, .after = 30},
       .source = "J. Mueller et al., JAMA Neurol. 80 (2023) 1232-1245"},
      {.name = "muller2023-strict",
       .reference = kUntilNext,
       .event = {.before = std::nullopt, .after = std::nullopt},
       .confirmation = {.before = std::nullopt, .after = 0},
       .source = "J. Mueller et al., JAMA Neurol. 80 (2023) 1232-1245, high specificity"},
      {.name = "muller2025",
       .reference = kUntilNext,
       .event = {.before = std::nullopt, .after = 0},
       .reference_is_last_visit = true,
       .source = "J. Mueller et al., 2025"},
      {.name = "kappos2020",
       .reference = kUntilNext,
       .event = {.before = std::nullopt, .after = 30},
       .confirmation = {.before = 30, .after = 30},
       .rebaseline_after_relapse = true,
       .source = "L. Kappos et al., JAMA Neurol. 77 (2020) 1132-1140"},
      {.name = "cagol2022",
       .event = {.before = 90, .after = std::nullopt},
       .confirmation = {.before = std::nullopt, .after = 0},
       .source = "A. Cagol et al., JAMA Neurol. 79 (2022) 682-692"},
  };
  return definitions;
}

const PiraDefinition* FindPiraDefinition(std::string_view name) {
  const auto found = std::ranges::find(PiraDefinitions(), name, &PiraDefinition::name);
  return found == PiraDefinitions().end() ? nullptr : &*found;
}

double MinimumChange(Outcome outcome, double baseline, double edss_half_step_above) {
  switch (outcome) {
    case Outcome::kEdss:
      if (baseline == 0) return 1.5;
      return baseline <= edss_half_step_above ? 1.0 : 0.5;
    case Outcome::kSdmt: return std::min(4.0, baseline / 5);
    case Outcome::kT25fw:
    case Outcome::k9hpt: break;
  }
  return baseline / 5;
}

std::vector<ProgressionEvent> FindEvents(const Course& course, const ProgressionOptions& options) {
  return Search(course, options).Run();
}

std::string_view Name(EventType type) {
  switch (type) {
    case EventType::kCdw: return "CDW";
    case EventType::kRaw: return "RAW";
    case EventType::kPira: return "PIRA";
    case EventType::kCdi: return "CDI";
  }
  return {};
}

std::string_view Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kEdss: return "edss";
    case Outcome::kT25fw: return "t25fw";
    case Outcome::k9hpt: return "9hpt";
    case Outcome::kSdmt: return "sdmt";
  }
  return {};
}

std::string_view Name(BaselineScheme baseline) {
  switch (baseline) {
    case BaselineScheme::kFixed: return "fixed";
    case BaselineScheme::kRoving: return "roving";
    case BaselineScheme::kRovingImprovement: return "roving-impr";
    case BaselineScheme::kRovingWorsening: return "roving-wors";
  }
  return {};
}

std::string_view Name(EventsWanted events) {
  switch (events) {
    case EventsWanted::kFirstWorsening: return "first-cdw";
    case EventsWanted::kFirst: return "first";
    case EventsWanted::kFirstImprovement: return "first-cdi";
    case EventsWanted::kFirstPira: return "first-pira";
    case EventsWanted::kFirstRaw: return "first-raw";
    case EventsWanted::kMultiple: return "multiple";
  }
  return {};
}

}  // namespace clinnova::decision
