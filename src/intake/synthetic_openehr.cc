// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_openehr.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "intake/synthetic_planned_writer.h"

namespace clinnova::intake {
namespace {

using Json = nlohmann::ordered_json;
using namespace synthetic;

// Where an item that is no laboratory result stands in the visit's template: mappings/de-openehr has the same.
struct ItemPath {
  std::string_view key, path;
};
constexpr ItemPath kPaths[] = {{"tjc28", "joint_count/tender_joints"},
                               {"sjc28", "joint_count/swollen_joints"},
                               {"patient_global", "patient_global_assessment"},
                               {"physician_global", "physician_global_assessment"},
                               {"haq", "haq_di/total_score"},
                               {"hbi_wellbeing", "harvey_bradshaw_index/general_well-being"},
                               {"hbi_pain", "harvey_bradshaw_index/abdominal_pain"},
                               {"hbi_stools", "harvey_bradshaw_index/liquid_stools"},
                               {"hbi_mass", "harvey_bradshaw_index/abdominal_mass"},
                               {"hbi_complications", "harvey_bradshaw_index/complications"},
                               {"ses_cd", "ses-cd/total_score"},
                               {"mayo_stool", "mayo_score/stool_frequency"},
                               {"mayo_bleeding", "mayo_score/rectal_bleeding"},
                               {"mayo_physician", "mayo_score/physician_global_assessment"},
                               {"mayo_endoscopy", "mayo_score/endoscopy"},
                               {"uceis_vascular", "uceis/vascular_pattern"},
                               {"uceis_bleeding", "uceis/bleeding"},
                               {"uceis_erosions", "uceis/erosions_and_ulcers"},
                               {"edss", "edss/total_score"},
                               {"t25fw", "timed_25-foot_walk/time"},
                               {"nine_hole_peg", "nine-hole_peg_test/time"},
                               {"sdmt", "symbol_digit_modalities_test/total_score"},
                               {"new_t2", "brain_mri/new_or_enlarging_t2_lesions"},
                               {"gadolinium", "brain_mri/gadolinium-enhancing_lesions"},
                               {"t2_lesions", "brain_mri/t2_lesions"},
                               {"prior_biologics", "medication_history/prior_biologics"},
                               {"smoking", "tobacco_smoking_summary/smoking_status"},
                               {"location", "montreal_classification/location"},
                               {"behaviour", "montreal_classification/behaviour"},
                               {"extent", "montreal_classification/extent"},
                               {"course", "multiple_sclerosis/course"}};

std::string PathOf(const SyntheticItem& item) {
  const auto* found = std::ranges::find(kPaths, item.key, &ItemPath::key);
  CLINNOVA_CHECK(found != std::end(kPaths));
  return std::string(found->path);
}

std::string TimeText(Day day) { return IsoDate(day) + "T08:00:00+01:00"; }

class OpenEhrWriter : public PlannedWriter {
 public:
  explicit OpenEhrWriter(const WriterOptions& options)
      : PlannedWriter(options),
        path_(options.folder / "compositions.ndjson"),
        stream_(path_, std::ios::binary | std::ios::trunc) {
    files_.push_back(path_);
  }

  Result<void> Write(const SyntheticPatient& patient) override {
    Begin(patient);
    WriteRegistration();
    for (const SyntheticVisit& visit : patient.visits) WriteVisit(visit);
    Json last = Composition("visit", "LC", "433");
    last["visit/context/start_time"] = TimeText(patient.last_contact);
    last["visit/context/_end_time"] = TimeText(patient.last_contact);
    Add(last);
    return {};
  }

  Result<void> Finish() override {
    if (plan_.truncated_file != 0) {
      stream_ << last_.substr(0, last_.size() / 2);
      ++line_;
      Plant("truncated_file", "quarantined: openehr.json");
    }
    stream_.close();
    if (stream_) return {};
    return Fail(ErrorCode::kFailed, path_.string() + ": cannot be written");
  }

 private:
  void Plant(std::string_view kind, std::string_view expected) {
    PlantAt(kind, path_.filename().string(), line_, expected);
  }

  // `category` is openEHR's: 431 persistent, 433 event.
  Json Composition(const std::string& type, const std::string& name,
                   std::string_view category) const {
    return {{"ctx/language", "de"},
            {"ctx/territory", "DE"},
            {type + "/_uid", id_ + "-" + name + "::klinikum.example::1"},
            {type + "/category|code", category}};
  }
  void Add(const Json& composition) {
    last_ = Json{{"subject_id", id_}, {"composition", composition}}.dump();
    stream_ << last_ << '\n';
    ++line_;
  }

  void WriteRegistration() {
    Json all = Composition("registration", "registration", "431");
    const auto set = [&](const std::string& path, const Json& value) {
      all["registration/" + path] = value;
    };
    set("demographics/birth_date", IsoDate(patient_->birth));
    set("demographics/gender|code", patient_->female ? "female" : "male");
    const bool refused = Is(plan_.refused_consent);
    const bool withdrawn = Is(plan_.withdrawn_consent);
    set("informed_consent:0/status|code", refused ? "refused" : withdrawn ? "withdrawn" : "given");
    set("informed_consent:0/date", IsoDate(patient_->index));
    if (withdrawn) set("informed_consent:0/end_date", IsoDate(WithdrawalDay(*patient_)));
    set("diagnosis:0/diagnosis_name|code", patient_->diagnosis.icd10_gm);
    set("diagnosis:0/diagnosis_name|value", patient_->diagnosis.german);
    set("diagnosis:0/date_of_onset", IsoDate(patient_->diagnosis.date));
    for (std::size_t k = 0; k < patient_->treatments.size(); ++k) SetMedication(k, set);
    SetEvents(set);
    Add(all);
    if (withdrawn) Plant("withdrawn_consent", "in no cohort");
    if (refused) Plant("refused_consent", "in no cohort");
    if (Is(plan_.retired_atc)) Plant("retired_atc", "resolved by the map of retired ATC codes");
    if (!Is(plan_.duplicate_patient)) return;
    Add(all);
    Plant("duplicate_patient", "loaded once");
  }

  template <typename Set>
  void SetMedication(std::size_t k, Set set) const {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const std::string node = "medication:" + std::to_string(k) + "/";
    set(node + "medication_item|code", AtcOf(k));
    set(node + "medication_item|value", treatment.drug.name);
    set(node + "start_date", IsoDate(treatment.start));
    if (treatment.stop) set(node + "stop_date", IsoDate(*treatment.stop));
    set(node + "status|code", treatment.stop ? "stopped" : "active");
    if (treatment.reason) set(node + "reason_for_stopping|code", SnomedOf(*treatment.reason));
  }

  template <typename Set>
  void SetEvents(Set set) const {
    constexpr std::string_view kOps[] = {"1-650.1", "3-800"};
    for (std::size_t p = 0; p < patient_->procedures.size(); ++p) {
      const SyntheticProcedure& procedure = patient_->procedures[p];
      const std::string node = "procedure:" + std::to_string(p) + "/";
      set(node + "procedure_name|code", kOps[static_cast<std::size_t>(procedure.kind)]);
      set(node + "time", IsoDate(procedure.date));
    }
    for (std::size_t r = 0; r < patient_->relapses.size(); ++r) {
      const std::string node = "relapse:" + std::to_string(r) + "/";
      set(node + "onset_date", IsoDate(patient_->relapses[r].date));
      set(node + "grade", patient_->relapses[r].grade);
    }
  }

  void WriteVisit(const SyntheticVisit& visit) {
    Json all = Composition("visit", visit.label, "433");
    all["visit/context/start_time"] = TimeText(VisitDay(visit));
    all["visit/context/_end_time"] = TimeText(VisitDay(visit));
    int analyte = 0;
    for (const SyntheticResult& result : visit.results) {
      if (result.item->kind == ItemKind::kLaboratory) {
        SetAnalyte(visit, result, analyte++, all);
      } else {
        SetItem(visit, result, all);
      }
    }
    Add(all);
    for (const SyntheticResult& result : visit.results)
      PlantItem(visit, *result.item, path_.filename().string(), line_, kNotANumber);
    if (Is(plan_.swapped_date, visit))
      Plant("swapped_date", "loaded as written: found by the checks of quality");
    if (!visit.first || !Is(plan_.malformed_line)) return;
    stream_ << last_.substr(0, last_.size() * 2 / 5) << '\n';
    ++line_;
    Plant("malformed_line", "quarantined: openehr.json");
  }

  void SetItem(const SyntheticVisit& visit, const SyntheticResult& result, Json& all) const {
    const SyntheticItem& item = *result.item;
    const std::string path = "visit/" + PathOf(item);
    if (!item.answers.empty()) {
      const SyntheticAnswer& answer = item.answers[static_cast<std::size_t>(result.value)];
      all[path + "|code"] = answer.code;
      all[path + "|value"] = answer.display;
    } else if (item.kind == ItemKind::kAnswer) {
      all[path] = result.value;
    } else {
      const ShownNumber shown = ShownOf(visit, result, item.de);
      all[path + "|magnitude"] = Scaled(shown.value, shown.decimals);
      all[path + "|unit"] = item.ucum;
    }
  }

  void SetAnalyte(const SyntheticVisit& visit, const SyntheticResult& result, int analyte,
                  Json& all) const {
    const SyntheticItem& item = *result.item;
    const std::string event = "visit/laboratory_result:0/any_event:0/";
    const std::string node = event + "analyte:" + std::to_string(analyte) + "/";
    const ShownNumber shown = ShownOf(visit, result, item.de);
    all[event + "time"] = TimeText(visit.date);  // the laboratory knows its day
    all[node + "name|code"] = item.code;
    all[node + "name|value"] = item.de.label;
    all[node + "name|terminology"] = item.system;
    // A quantity holds no text: what is none, or has another decimal mark, was typed into a text.
    if (shown.not_detected || shown.other_mark) {
      all[node + "result|value"] = shown.Text('.');
      return;
    }
    if (shown.below) all[node + "result|magnitude_status"] = "<";
    all[node + "result|magnitude"] = Scaled(shown.value, shown.decimals);
    all[node + "result|unit"] = shown.in_mg_per_dl     ? std::string_view("mg/dL")
                                : item.de_ucum.empty() ? item.ucum
                                                       : item.de_ucum;
  }

  std::filesystem::path path_;
  std::ofstream stream_;
  std::uint64_t line_ = 0;
  std::string last_;  // line
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeOpenEhrWriter(const WriterOptions& options) {
  return std::make_unique<OpenEhrWriter>(options);
}

}  // namespace clinnova::intake
