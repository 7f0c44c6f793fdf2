// SPDX-License-Identifier: Apache-2.0
#include "stats/fine_gray_steps.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"
#include "stats/cox_rows.h"
#include "stats/person_rows.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;

namespace {

constexpr std::size_t kLargestNumbers = 50'000'000;

/// Where strata lie among places and event times; the same for all rows.
struct StrataPlaces {
  explicit StrataPlaces(const FineGrayParameters& parameters)
      : places(CellOffsets(parameters.axes)), events(EventOffsets(parameters)) {}
  std::vector<std::size_t> places;
  std::vector<std::size_t> events;
};

/// A row as the model sees it.
struct Person {
  std::size_t place = 0;  ///< at which the person leaves
  std::size_t before =
      0;  ///< event times [before, through) are those at which the person is at risk
  std::size_t through = 0;
  std::size_t end = 0;  ///< of the stratum's event times
  bool event = false;   ///< of the cause
  bool other = false;
  double weight = 1;
  double risk = 0;        ///< weight * e^(x'beta)
  double other_risk = 0;  ///< weight * e^(x'beta) / G

  bool late = false;        ///< not at risk at the stratum's first event time
  std::int64_t person = 0;  ///< who has this row, where there is the option `id`

  bool at_risk() const { return through > before; }
};

/// kRefused when a time is off the axis. Where a row `continues` in the person's next one, that is at risk at the event
/// times after its start.
Result<Person> PersonOf(const FineGrayParameters& parameters, const StrataPlaces& strata,
                        const SiteFrame& frame, const DesignBatch& batch, std::size_t row,
                        const std::vector<double>& x, bool continues) {
  Person person;
  const std::size_t parts = batch.response.size();
  const std::size_t groups = StrataCount(frame.design) / parameters.axes.size();
  const std::size_t stratum = StratumOf(frame.design, batch, row) / groups;
  const TimeAxis& axis = parameters.axes[stratum];
  const double stop = batch.response[parts - 2][row];
  const std::size_t index = axis.IndexOf(stop);
  if (index >= axis.size() && (!continues || axis.size() == 0))
    return Fail(ErrorCode::kRefused, "a time off the hub's axis", "time_off_axis");
  person.place = strata.places[stratum] + std::min(index, axis.size() - 1);
  const auto status = static_cast<std::int64_t>(batch.response.back()[row]);
  person.event = status == parameters.cause;
  person.other = status != 0 && !person.event;
  const auto& events = parameters.events;
  const auto events_before = [&](std::size_t place) {
    return static_cast<std::size_t>(std::lower_bound(events.begin(), events.end(), place) -
                                    events.begin());
  };
  person.through =
      events_before(continues ? strata.places[stratum] + axis.BeforeEntry(stop) : person.place + 1);
  person.end = strata.events[stratum + 1];
  person.before = strata.events[stratum];
  if (parts == 3) {
    const std::size_t entry = axis.BeforeEntry(batch.response[0][row]);
    person.before = std::max(person.before, events_before(strata.places[stratum] + entry));
    person.late = person.before > strata.events[stratum];
  }
  if (person.event && (person.through == 0 || events[person.through - 1] != person.place))
    return Fail(ErrorCode::kRefused, "an event off the hub's times", "time_off_axis");
  person.weight = batch.weights[row];
  person.risk = person.weight * core::Exp(LinearPredictor(batch, row, x, parameters.beta));
  if (person.other) person.other_risk = person.risk / parameters.censoring[person.place];
  return person;
}

Result<void> CheckParameters(const SiteFrame& frame, const FineGrayParameters& parameters) {
  const std::size_t strata = parameters.axes.size();
  const std::size_t size = CellOffsets(parameters.axes).back();
  const bool ascending = std::is_sorted(parameters.events.begin(), parameters.events.end());
  const bool within = parameters.events.empty() || parameters.events.back() < size;
  const bool positive = std::all_of(parameters.censoring.begin(), parameters.censoring.end(),
                                    [](double g) { return g >= 0 && g <= 1; });
  if (parameters.beta.size() + 1 != frame.design.names().size() || strata == 0 ||
      StrataCount(frame.design) % strata != 0 || parameters.censoring.size() != size ||
      !ascending || !within || !positive || !IsRangeExponent(parameters.risk_exponent) ||
      !IsRangeExponent(parameters.other_exponent) || !IsRangeExponent(parameters.size_exponent)) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the design", "wrong_layout");
  }
  return {};
}

/// Times no further apart than this are one: the hub's axes are made of one list of times.
double SameTime(const FineGrayParameters& parameters) { return parameters.axes.front().same; }

/// Calls use(person, x, offset) for every complete case of a weight above 0; the first error ends it.
template <typename Use>
Result<void> ForEachPerson(const SiteView& site, const FineGrayParameters& parameters, Use use) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckParameters(*frame, parameters));
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, *frame, parameters.claim, SameTime(parameters)));
  const StrataPlaces strata(parameters);
  Result<void> outcome;
  std::size_t number = 0;  // of the case
  ForEachRow(site, *frame, parameters.claim,
             [&](const DesignBatch& batch, std::size_t r, const std::vector<double>& x) {
               const std::size_t at = persons ? persons->place[number++] : 0;
               if (!outcome || batch.weights[r] == 0) return;
               Result<Person> person = PersonOf(parameters, strata, *frame, batch, r, x,
                                                persons && persons->Continues(at));
               if (!person) {
                 outcome = Fail(person);
                 return;
               }
               if (persons) person->person = persons->rows[at].person;
               use(*person, x, batch.offset[r]);
             });
  return outcome;
}

Result<Layout> RiskLayout(const Analysis&, const table::Schema&,
                          const FineGrayParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = parameters.events.size();
  if (2 * cells * (p + 1) * (p + 2) > kLargestNumbers) {
    return Fail(ErrorCode::kFailed, "too many event times for the risk sets' sums; set time_grid",
                "too_large");
  }
  const int size = static_cast<int>(parameters.size_exponent);
  const int risk = static_cast<int>(parameters.risk_exponent);
  const int other = static_cast<int>(parameters.other_exponent);
  const std::size_t triangle = p * (p + 1) / 2;
  const std::size_t second = cells * triangle;
  const std::size_t dying = parameters.ties == Ties::kEfron ? cells : 0;
  return Layout{
      {ScaledBlock("exposed0", cells, risk), ScaledBlock("exposed1", cells * p, risk + size),
       ScaledBlock("exposed2", second, risk + 2 * size), ScaledBlock("other0", cells, other),
       ScaledBlock("other1", cells * p, other + size),
       ScaledBlock("other2", second, other + 2 * size), ScaledBlock("dying0", dying, risk),
       ScaledBlock("dying1", dying * p, risk + size),
       ScaledBlock("dying2", dying * triangle, risk + 2 * size),
       WideBlock("cause_weight", parameters.weighted ? cells : 0), WideBlock("total", 1 + p)}};
}

Result<void> RiskEvaluate(const SiteView& site, const FineGrayParameters& parameters,
                          ExactSums& sums) {
  return ForEachPerson(
      site, parameters, [&](const Person& person, const std::vector<double>& x, double offset) {
        if (person.at_risk()) {
          const federation::ExactSums::MomentBlocks exposed{kExposed0, kExposed1, kExposed2};
          sums.AddMoments(exposed, person.through - 1, x, person.risk);
          if (person.late) sums.AddMoments(exposed, person.before - 1, x, -person.risk);
        }
        if (person.other && person.through < person.end)
          sums.AddMoments({kOther0, kOther1, kOther2}, person.through, x, person.other_risk);
        if (!person.event) return;
        if (parameters.ties == Ties::kEfron)
          sums.AddMoments({kDying0, kDying1, kDying2}, person.through - 1, x, person.risk);
        if (parameters.weighted) sums.Add(kCauseWeight, person.through - 1, person.weight);
        double eta = offset;
        for (std::size_t j = 0; j < x.size(); ++j) {
          eta += parameters.beta[j] * x[j];
          sums.Add(kCauseTotal, 1 + j, person.weight * x[j]);
        }
        sums.Add(kCauseTotal, 0, person.weight * eta);
      });
}

Result<Layout> OtherLayout(const Analysis&, const table::Schema&,
                           const FineGrayParameters& parameters) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = CellOffsets(parameters.axes).back();
  if (cells * (p + 1) > kLargestNumbers)
    return Fail(ErrorCode::kFailed, "too many times; set time_grid", "too_large");
  const int other = static_cast<int>(parameters.other_exponent);
  return Layout{
      {ScaledBlock("other0", cells, other),
       ScaledBlock("other1", cells * p, other + static_cast<int>(parameters.size_exponent))}};
}

Result<void> OtherEvaluate(const SiteView& site, const FineGrayParameters& parameters,
                           ExactSums& sums) {
  return ForEachPerson(site, parameters,
                       [&](const Person& person, const std::vector<double>& x, double) {
                         if (!person.other) return;
                         sums.Add(0, person.place, person.other_risk);
                         for (std::size_t j = 0; j < x.size(); ++j)
                           sums.Add(1, person.place * x.size() + j, person.other_risk * x[j]);
                       });
}

Result<Layout> MeatLayout(const Analysis&, const table::Schema&,
                          const FineGrayMeatParameters& parameters) {
  const std::size_t p = parameters.model.beta.size();
  return Layout{{WideBlock("meat", p * (p + 1) / 2)}};
}

/// eta + psi of a person.
class Residual {
 public:
  Residual(const FineGrayPath& path, const Person& person, const std::vector<double>& x,
           std::vector<double>& out)
      : path_(path), person_(person), x_(x), out_(out) {}

  void Fill() {
    const std::size_t p = x_.size();
    for (std::size_t j = 0; j < p; ++j) {
      out_[j] = 0;
      if (path_.censoring_drift.empty()) continue;
      out_[j] = path_.censoring_drift[person_.place * p + j];
      if (!person_.event && !person_.other) out_[j] += path_.censoring_jump[person_.place * p + j];
    }
    // Of one who has the event, its time counts by itself.
    const std::size_t last = person_.through - (person_.event ? 1 : 0);
    if (last > person_.before) Expose(last - 1, -person_.risk);
    if (last > person_.before && person_.late) Expose(person_.before - 1, person_.risk);
    if (person_.event) AddEvent(person_.through - 1);
    if (person_.other && person_.through < person_.end) AddLater(person_.through);
  }

 private:
  void Expose(std::size_t cell, double risk) {
    const HazardPath& hazard = path_.hazard;
    for (std::size_t j = 0; j < x_.size(); ++j)
      out_[j] += risk * (x_[j] * hazard.hazard[cell] - hazard.hazard_mean[cell * x_.size() + j]);
  }
  void AddEvent(std::size_t cell) {
    const HazardPath& hazard = path_.hazard;
    for (std::size_t j = 0; j < x_.size(); ++j) {
      const std::size_t at = cell * x_.size() + j;
      out_[j] += person_.weight * (x_[j] - hazard.mean[at]);
      out_[j] -= person_.risk * (x_[j] * hazard.own_hazard[cell] - hazard.own_hazard_mean[at]);
    }
  }
  void AddLater(std::size_t cell) {
    for (std::size_t j = 0; j < x_.size(); ++j) {
      out_[j] -= person_.other_risk *
                 (x_[j] * path_.later_hazard[cell] - path_.later_hazard_mean[cell * x_.size() + j]);
    }
  }

  const FineGrayPath& path_;      // not owned, outlives this
  const Person& person_;          // not owned, outlives this
  const std::vector<double>& x_;  // not owned, outlives this
  std::vector<double>& out_;      // not owned, outlives this
};

bool Fits(const FineGrayPath& path, const FineGrayParameters& model) {
  const std::size_t p = model.beta.size();
  const std::size_t events = model.events.size();
  const std::size_t places = CellOffsets(model.axes).back();
  const HazardPath& hazard = path.hazard;
  const bool censoring =
      path.censoring_drift.size() == places * p && path.censoring_jump.size() == places * p;
  const bool none = path.censoring_drift.empty() && path.censoring_jump.empty();
  return hazard.hazard.size() == events && hazard.own_hazard.size() == events &&
         hazard.hazard_mean.size() == events * p && hazard.own_hazard_mean.size() == events * p &&
         hazard.mean.size() == events * p && path.later_hazard.size() == events &&
         path.later_hazard_mean.size() == events * p && (censoring || none);
}

Result<void> MeatEvaluate(const SiteView& site, const FineGrayMeatParameters& parameters,
                          ExactSums& sums) {
  if (!Fits(parameters.path, parameters.model))
    return Fail(ErrorCode::kRefused, "hazards that do not fit the times", "wrong_layout");
  const std::size_t p = parameters.model.beta.size();
  const bool several = NamesPersons(site.analysis);
  ClusteredResiduals by_person(p);
  std::vector<double> residual(p);
  CLINNOVA_TRY(ForEachPerson(site, parameters.model,
                             [&](const Person& person, const std::vector<double>& x, double) {
                               Residual(parameters.path, person, x, residual).Fill();
                               if (several) return by_person.Add(person.person, residual);
                               AddSquare(residual, sums);
                             }));
  if (several) by_person.AddSquares(sums);
  return {};
}

}  // namespace

Result<void> HoldFineGray(const SiteView& site, const FineGrayParameters& parameters) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  CLINNOVA_TRY(CheckParameters(*frame, parameters));
  const std::size_t groups = StrataCount(frame->design) / parameters.axes.size();
  CLINNOVA_ASSIGN(const std::shared_ptr<const PersonRows> persons,
                  PersonRowsOf(site, *frame, parameters.claim, SameTime(parameters)));
  std::vector<bool> stays;
  for (std::size_t number = 0; persons && number < persons->place.size(); ++number)
    stays.push_back(persons->Continues(persons->place[number]));
  return HoldExits(
      site, *frame, parameters.claim, parameters.axes,
      [&](std::size_t stratum) { return stratum / groups; }, stays);
}

std::vector<std::size_t> EventOffsets(const FineGrayParameters& parameters) {
  std::vector<std::size_t> offsets;
  const auto& events = parameters.events;
  for (const std::size_t place : CellOffsets(parameters.axes)) {
    offsets.push_back(static_cast<std::size_t>(
        std::lower_bound(events.begin(), events.end(), place) - events.begin()));
  }
  return offsets;
}

const federation::TypedStep<FineGrayParameters> kFineGrayStep{"competing.risk_sets", RiskLayout,
                                                              RiskEvaluate, FineGrayGuard{}};
const federation::TypedStep<FineGrayParameters> kFineGrayOtherStep{
    "competing.other_events", OtherLayout, OtherEvaluate, FineGrayGuard{}};
const federation::TypedStep<FineGrayMeatParameters> kFineGrayMeatStep{
    "competing.meat", MeatLayout, MeatEvaluate, FineGrayGuard{}};

}  // namespace clinnova::stats
