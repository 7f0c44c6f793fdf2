// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_export.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "core/mix.h"
#include "intake/synthetic_csv.h"
#include "intake/synthetic_fhir.h"
#include "intake/synthetic_hprim.h"
#include "intake/synthetic_ldt.h"
#include "intake/synthetic_openehr.h"
#include "intake/synthetic_random.h"
#include "intake/synthetic_sphn.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

using MakeWriter = std::unique_ptr<SyntheticWriter> (*)(const WriterOptions& options);

struct Dialect {
  std::string_view name;
  SyntheticSite site;
  std::string_view mapping;  ///< that reads it; empty = none is needed
  MakeWriter make;
};
constexpr Dialect kDialects[] = {
    {"ch-csv", SyntheticSite::kBasel, "ch-csv", MakeSwissCsvWriter},
    {"ch-sphn", SyntheticSite::kBasel, "ch-sphn", MakeSphnWriter},
    {"de-fhir", SyntheticSite::kFreiburg, "", MakeFhirWriter},
    {"de-ldt", SyntheticSite::kFreiburg, "de-ldt", MakeLdt2Writer},
    {"de-ldt3", SyntheticSite::kFreiburg, "de-ldt", MakeLdt3Writer},
    {"de-openehr", SyntheticSite::kFreiburg, "de-openehr", MakeOpenEhrWriter},
    {"fr-csv", SyntheticSite::kStrasbourg, "fr-csv", MakeFrenchCsvWriter},
    {"fr-hprim", SyntheticSite::kStrasbourg, "fr-hprim", MakeHprimWriter},
    {"lu-ecrf", SyntheticSite::kLuxembourg, "lu-ecrf", MakeLuxembourgCsvWriter},
    {"lu-redcap", SyntheticSite::kLuxembourg, "lu-redcap", MakeRedcapWriter}};

const Dialect* FindDialect(std::string_view name) {
  const auto* found = std::ranges::find(kDialects, name, &Dialect::name);
  return found == std::end(kDialects) ? nullptr : found;
}

Result<void> CheckOptions(const SyntheticOptions& options) {
  if (FindSyntheticDisease(options.disease) == nullptr) {
    std::string list;
    for (const SyntheticDisease& disease : SyntheticDiseases())
      list += (list.empty() ? "" : ", ") + std::string(disease.name);
    return Fail(ErrorCode::kInvalidInput,
                "disease: found \"" + options.disease + "\", expected one of: " + list);
  }
  if (FindDialect(options.dialect) == nullptr) {
    std::string list;
    for (const Dialect& dialect : kDialects)
      list += (list.empty() ? "" : ", ") + std::string(dialect.name);
    return Fail(ErrorCode::kInvalidInput,
                "dialect: found \"" + options.dialect + "\", expected one of: " + list);
  }
  if (options.patients == 0 || options.patients > 10'000'000) {
    return Fail(ErrorCode::kInvalidInput,
                "patients: found " + std::to_string(options.patients) + ", expected 1 to 10000000");
  }
  if (!(options.site_effect >= 0 && options.site_effect <= 10)) {
    return Fail(ErrorCode::kInvalidInput, "site_effect: expected a number from 0 to 10");
  }
  return {};
}

// A haemoglobin above this, in mmol/L under the name of g/L, would pass for one.
constexpr long kHighestOfWrongUnit = 155;

// Gives each defect a patient of its own that it can happen to.
class Planner {
 public:
  Planner(const SyntheticDisease& disease, const CohortOptions& cohort, std::uint64_t patients)
      : disease_(disease), cohort_(cohort), patients_(patients) {}

  DefectPlan Plan() {
    const auto anyone = [](const SyntheticPatient&) { return true; };
    const auto has_crp = [](const SyntheticPatient& patient) {
      return DefectVisit(patient) != nullptr;
    };
    const auto measurable = [](const SyntheticPatient& patient) {
      const SyntheticVisit* visit = DefectVisit(patient);
      if (visit == nullptr) return false;
      const SyntheticResult& result = *visit->Find(kDefectItem);
      return !result.below && result.value % 10 != 0;
    };
    DefectPlan plan;
    plan.withdrawn_consent = Pick(anyone);
    plan.refused_consent = Pick(anyone);
    plan.duplicate_patient = Pick(anyone);
    plan.decimal_mark = Pick(measurable);
    plan.unit = Pick(measurable);
    plan.comparator = Pick(has_crp);
    plan.not_detected = Pick([this](const SyntheticPatient& patient) {
      const DefectPlan here{.not_detected = patient.number};
      return std::ranges::any_of(patient.visits, [&](const SyntheticVisit& visit) {
        return NotDetected(here, patient, visit, disease_.not_detected);
      });
    });
    plan.malformed_line = Pick(anyone);
    plan.retired_atc = Pick([](const SyntheticPatient& patient) {
      return !patient.treatments[0].drug.retired_atc.empty();
    });
    plan.wrong_unit = Pick([](const SyntheticPatient& patient) {
      const SyntheticVisit* visit = DefectVisit(patient);
      const SyntheticResult* result = visit == nullptr ? nullptr : visit->Find(kWrongUnitItem);
      return result != nullptr && result->value <= kHighestOfWrongUnit;
    });
    // To before the drug began, where no outcome is looked for.
    plan.swapped_date = Pick([](const SyntheticPatient& patient) {
      const SyntheticVisit* visit = DefectVisit(patient);
      const auto swapped = visit == nullptr ? std::nullopt : Swapped(visit->date);
      return swapped && *swapped < patient.index - std::chrono::days{5} && *swapped > patient.birth;
    });
    plan.haemolysed = Pick(has_crp);
    plan.pzn = Pick(anyone);
    plan.truncated_file = patients_;
    // Of the laboratory that says it writes ISO-8859-15.
    plan.din_umlauts = Pick([&](const SyntheticPatient& patient) {
      return has_crp(patient) &&
             LaboratoryOfPatient(patient.number) == SyntheticLaboratory::kIso8859_15;
    });
    return plan;
  }

 private:
  std::uint64_t Pick(const std::function<bool(const SyntheticPatient&)>& fits) {
    const std::uint64_t start = core::MixBits(cohort_.seed * 31 + ++picks_) % patients_;
    // Few patients fail to fit, so the search is short; the limit is for tiny cohorts.
    for (std::uint64_t k = 0; k < std::min<std::uint64_t>(patients_, 1000); ++k) {
      const std::uint64_t index = (start + k) % patients_;
      if (std::ranges::find(used_, index) != used_.end() || !fits(disease_.draw(cohort_, index)))
        continue;
      used_.push_back(index);
      return index + 1;
    }
    return 0;
  }

  const SyntheticDisease& disease_;  // not owned: a constant
  const CohortOptions& cohort_;      // not owned, outlives this
  std::uint64_t patients_;
  std::uint64_t picks_ = 0;
  std::vector<std::uint64_t> used_;
};

std::string Number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", x);
  return text;
}

// patient,site,age,sex,baseline_X,assigned_class,drug, then per class: propensity, per outcome the true
// probability, per outcome whether it would have happened, days to discontinuation; then the class with the
// highest probability of the first outcome, per outcome what the export shows, and the drug's survival. In
// rheumatoid arthritis, whose one outcome is "response", the probability has no name of its own.
std::string TruthHeader(const SyntheticDisease& disease, const SyntheticPatient& patient) {
  std::string header =
      "patient,site,age,sex,baseline_" + std::string(disease.baseline) + ",assigned_class,drug";
  const auto per_class = [&](const std::string& name) {
    for (const std::string_view key : disease.class_keys)
      header += "," + name + "_" + std::string(key);
  };
  const bool one = patient.outcomes.size() == 1;
  per_class("propensity");
  for (const SyntheticOutcome& outcome : patient.outcomes)
    per_class(one ? "probability" : "probability_" + std::string(outcome.name));
  for (const SyntheticOutcome& outcome : patient.outcomes) per_class(std::string(outcome.name));
  per_class("stop_days");
  header += ",best_class";
  for (const SyntheticOutcome& outcome : patient.outcomes)
    header += ",observed_" + std::string(outcome.name);
  return header + ",observed_days,stopped\n";
}

std::string TruthRow(const SyntheticDisease& disease, const SyntheticPatient& patient,
                     SyntheticSite site) {
  std::string row = SyntheticPatientId(site, patient.number);
  const auto add = [&](std::string_view text) { row.append(",").append(text); };
  add(SiteName(site));
  add(std::to_string(patient.age));
  add(patient.female ? "female" : "male");
  add(Number(patient.baseline));
  add(disease.classes[patient.assigned]);
  const SyntheticTreatment& treatment = patient.treatments[0];
  add(treatment.drug.name);
  for (const double p : patient.propensity) add(Number(p));
  for (const SyntheticOutcome& outcome : patient.outcomes)
    for (const double p : outcome.probability) add(Number(p));
  for (const SyntheticOutcome& outcome : patient.outcomes)
    for (const bool happens : outcome.happens) add(happens ? "1" : "0");
  for (const int days : patient.stop_days) add(std::to_string(days));
  const Classes& chances = patient.outcomes.front().probability;
  add(disease
          .classes[static_cast<std::size_t>(std::ranges::max_element(chances) - chances.begin())]);
  for (const SyntheticOutcome& outcome : patient.outcomes)
    add(!outcome.observed ? "" : *outcome.observed ? "1" : "0");
  const Day end = treatment.stop.value_or(patient.last_contact);
  add(std::to_string((end - patient.index).count()));
  add(treatment.stop ? "1" : "0");
  return row + "\n";
}

Result<void> WriteText(const fs::path& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) return Fail(ErrorCode::kFailed, path.string() + ": cannot be written");
  return {};
}

std::string DefectsJson(const std::vector<PlantedDefect>& planted) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PlantedDefect& defect : planted) {
    list.push_back({{"kind", defect.kind},
                    {"patient", defect.patient},
                    {"file", defect.file},
                    {"line", defect.line},
                    {"expected", defect.expected}});
  }
  return core::ResultJson({{"defects", list}}) + "\n";
}

std::string TruthJson(const SyntheticOptions& options, const CohortOptions& cohort) {
  nlohmann::ordered_json json;
  json["disease"] = options.disease;
  json["patients"] = options.patients;
  json["seed"] = options.seed;
  json["dialect"] = options.dialect;
  json["model"] = FindSyntheticDisease(options.disease)->parameters(cohort);
  return core::ResultJson(json) + "\n";
}

/// Refuses a folder that has an export which no cohort of this disease and dialect left: its files have other names, and
/// would be imported with the new ones.
Result<void> CheckFolder(const SyntheticOptions& options, const SyntheticSummary& summary) {
  std::error_code error;
  const fs::directory_iterator found(summary.export_directory, error);
  if (error || found == fs::directory_iterator()) return {};
  std::ifstream stream(summary.truth_json);
  const auto before = nlohmann::json::parse(stream, nullptr, false);
  const auto says = [&before](const char* name, const std::string& text) {
    return before.is_object() && before.contains(name) && before.at(name) == text;
  };
  if (says("disease", options.disease) && says("dialect", options.dialect)) return {};
  return Fail(ErrorCode::kInvalidInput,
              summary.export_directory.string() + ": found " + found->path().filename().string() +
                  ", expected nothing, or an earlier cohort of " + options.disease + " in " +
                  options.dialect + ": what is there would be imported with the new files");
}

void Count(const SyntheticPatient& patient, SyntheticSummary& summary) {
  summary.patients += 1;
  summary.visits += patient.visits.size();
  summary.by_class[patient.assigned] += 1;
  summary.responders[patient.assigned] +=
      patient.outcomes.front().happens[patient.assigned] ? 1 : 0;
}

}  // namespace

const std::vector<std::string>& SyntheticDialects() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Dialect& dialect : kDialects) names.emplace_back(dialect.name);
    return names;
  }();
  return kNames;
}

std::string_view SyntheticMapping(std::string_view dialect) {
  return FindDialect(dialect)->mapping;
}

SyntheticLaboratory LaboratoryOfPatient(std::uint64_t number) {
  return static_cast<SyntheticLaboratory>(number % 3);
}

std::string SyntheticPatientId(SyntheticSite site, std::uint64_t number) {
  constexpr const char* kPrefixes[] = {"LU", "DE", "FR", "CH"};
  char text[32];
  std::snprintf(text, sizeof text, "%s-%06llu", kPrefixes[static_cast<std::size_t>(site)],
                static_cast<unsigned long long>(number));
  return text;
}

const SyntheticVisit* DefectVisit(const SyntheticPatient& patient) {
  for (const SyntheticVisit& visit : patient.visits) {
    if (!visit.first && !visit.outcome && visit.Find(kDefectItem) != nullptr) return &visit;
  }
  return nullptr;
}

long MillimolesOfHaemoglobin(long tenths_of_g_per_dl) {
  return (tenths_of_g_per_dl * 10000 + 8057) / 16114;
}

bool NotDetected(const DefectPlan& plan, const SyntheticPatient& patient,
                 const SyntheticVisit& visit, std::string_view item) {
  if (plan.not_detected != patient.number) return false;
  const auto first = std::ranges::find_if(patient.visits, [&](const SyntheticVisit& other) {
    const SyntheticResult* result = other.Find(item);
    return result != nullptr && result->below;
  });
  return first != patient.visits.end() && &*first == &visit;
}

std::optional<Day> Swapped(Day date) {
  const std::chrono::year_month_day found{date};
  const std::chrono::year_month_day swapped{found.year(),
                                            std::chrono::month{static_cast<unsigned>(found.day())},
                                            std::chrono::day{static_cast<unsigned>(found.month())}};
  if (!swapped.ok() || swapped == found) return std::nullopt;
  return Day{swapped};
}

Day WithdrawalDay(const SyntheticPatient& patient) {
  return std::min(patient.index + std::chrono::days{200}, patient.last_contact);
}

Result<SyntheticSummary> WriteSyntheticCohort(const SyntheticOptions& options) {
  CLINNOVA_TRY(CheckOptions(options));
  const SyntheticSite site = options.site.value_or(FindDialect(options.dialect)->site);
  const CohortOptions cohort{options.seed, site, options.site_effect};
  SyntheticSummary summary;
  summary.export_directory = options.directory / "export";
  summary.truth_csv = options.directory / "truth.csv";
  summary.truth_json = options.directory / "truth.json";
  summary.defects_json = options.directory / "defects.json";
  CLINNOVA_TRY(CheckFolder(options, summary));
  std::error_code error;
  fs::create_directories(summary.export_directory, error);
  if (error)
    return Fail(ErrorCode::kFailed, summary.export_directory.string() + ": " + error.message());

  const SyntheticDisease& disease = *FindSyntheticDisease(options.disease);
  const DefectPlan plan =
      options.defects ? Planner(disease, cohort, options.patients).Plan() : DefectPlan{};
  const auto writer = FindDialect(options.dialect)
                          ->make({.disease = &disease,
                                  .folder = summary.export_directory,
                                  .site = site,
                                  .plan = plan});
  std::ofstream truth(summary.truth_csv, std::ios::binary | std::ios::trunc);
  for (std::uint64_t index = 0; index < options.patients; ++index) {
    const SyntheticPatient patient = disease.draw(cohort, index);
    if (index == 0) truth << TruthHeader(disease, patient);
    Count(patient, summary);
    truth << TruthRow(disease, patient, site);
    CLINNOVA_TRY(writer->Write(patient));
  }
  CLINNOVA_TRY(writer->Finish());
  truth.close();
  if (!truth) return Fail(ErrorCode::kFailed, summary.truth_csv.string() + ": cannot be written");
  CLINNOVA_TRY(WriteText(summary.truth_json, TruthJson(options, cohort)));
  CLINNOVA_TRY(WriteText(summary.defects_json, DefectsJson(writer->planted())));
  summary.defects = writer->planted().size();
  summary.files = writer->files();
  return summary;
}

}  // namespace clinnova::intake
