// SPDX-License-Identifier: Apache-2.0
// The model's patient with rheumatoid arthritis as the writers take one.
#include "intake/synthetic_items.h"
#include "intake/synthetic_ra.h"

namespace clinnova::intake {
namespace {

class Results {
 public:
  void Add(std::string_view key, const std::optional<int>& value, bool below = false) {
    if (value) results_.push_back({&FindItem(RaItems(), key), *value, below});
  }
  std::vector<SyntheticResult> Take() { return std::move(results_); }

 private:
  std::vector<SyntheticResult> results_;
};

SyntheticVisit VisitOf(const RaPatient& patient, const RaVisit& visit) {
  Results results;
  results.Add("tjc28", visit.tender_joints);
  results.Add("sjc28", visit.swollen_joints);
  results.Add("patient_global", visit.patient_global);
  results.Add("physician_global", visit.physician_global);
  // HAQ-DI comes in eighths: 0.125.
  results.Add("haq", visit.haq_eighths ? std::optional(*visit.haq_eighths * 125) : std::nullopt);
  results.Add("crp", visit.crp_tenths, visit.crp_below_limit);
  results.Add("esr", visit.esr);
  results.Add("hb", visit.haemoglobin_tenths);
  results.Add("creatinine", visit.creatinine);
  const bool first = visit.month == 0;
  if (first) {
    results.Add("rf", patient.rheumatoid_factor_value, !patient.rheumatoid_factor);
    results.Add("acpa", patient.acpa_value, !patient.acpa);
    results.Add("prior_biologics", patient.prior_biologics);
    results.Add("smoking", static_cast<int>(patient.smoking));
  }
  return {.label = "M" + std::to_string(visit.month),
          .date = visit.date,
          .first = first,
          .outcome = visit.month == 6,
          .results = results.Take()};
}

SyntheticDiagnosis DiagnosisOf(const RaPatient& patient) {
  if (patient.rheumatoid_factor || patient.acpa) {
    return {.date = patient.diagnosis,
            .icd10_cm = "M05.79",
            .cim10 = "M058",
            .icd10_gm = "M05.80",
            .french = "Polyarthrite rhumatoïde séropositive",
            .german = "Sonstige seropositive chronische Polyarthritis: Mehrere Lokalisationen",
            .swiss = "Rheumatoide Arthritis, seropositiv"};
  }
  return {.date = patient.diagnosis,
          .icd10_cm = "M06.09",
          .cim10 = "M060",
          .icd10_gm = "M06.00",
          .french = "Polyarthrite rhumatoïde séronégative",
          .german = "Seronegative chronische Polyarthritis: Mehrere Lokalisationen",
          .swiss = "Rheumatoide Arthritis, seronegativ"};
}

}  // namespace

SyntheticPatient DrawRa(const CohortOptions& options, std::uint64_t index) {
  RaPatient drawn = DrawRaPatient(options, index);
  SyntheticPatient patient;
  patient.number = drawn.number;
  patient.female = drawn.female;
  patient.age = drawn.age;
  patient.birth = drawn.birth;
  patient.index = drawn.index;
  patient.diagnosis = DiagnosisOf(drawn);
  patient.baseline = drawn.baseline_das28;
  patient.propensity = drawn.propensity;
  patient.assigned = drawn.assigned;
  SyntheticOutcome response{.name = "response",
                            .probability = drawn.probability,
                            .happens = drawn.response,
                            .observed = std::nullopt};
  for (const RaVisit& visit : drawn.visits) {
    if (visit.month == 6 && visit.crp_tenths) response.observed = drawn.response[drawn.assigned];
    patient.visits.push_back(VisitOf(drawn, visit));
  }
  patient.outcomes.push_back(response);
  patient.stop_days = drawn.stop_days;
  patient.treatments = std::move(drawn.treatments);
  patient.last_contact = drawn.last_contact;
  return patient;
}

}  // namespace clinnova::intake
