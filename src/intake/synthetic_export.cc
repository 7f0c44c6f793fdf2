// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_export.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/json_text.h"
#include "intake/synthetic_csv.h"
#include "intake/synthetic_fhir.h"
#include "intake/synthetic_random.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

struct Dialect {
  std::string_view name;
  SyntheticSite site;
};
constexpr Dialect kDialects[] = {{"lu-ecrf", SyntheticSite::kLuxembourg},
                                 {"de-fhir", SyntheticSite::kFreiburg},
                                 {"fr-csv", SyntheticSite::kStrasbourg},
                                 {"ch-csv", SyntheticSite::kBasel}};

const Dialect* FindDialect(std::string_view name) {
  const auto* found = std::ranges::find(kDialects, name, &Dialect::name);
  return found == std::end(kDialects) ? nullptr : found;
}

Result<void> CheckOptions(const SyntheticOptions& options) {
  if (options.disease != "ra") {
    return Fail(ErrorCode::kInvalidInput,
                "disease: found \"" + options.disease + "\", expected ra");
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

// Gives each defect a patient of its own that it can happen to.
class Planner {
 public:
  Planner(const CohortOptions& cohort, std::uint64_t patients)
      : cohort_(cohort), patients_(patients) {}

  DefectPlan Plan() {
    const auto anyone = [](const SyntheticPatient&) { return true; };
    const auto has_crp = [](const SyntheticPatient& patient) {
      return DefectVisit(patient) != nullptr;
    };
    const auto measurable = [](const SyntheticPatient& patient) {
      const SyntheticVisit* visit = DefectVisit(patient);
      return visit != nullptr && !visit->crp_below_limit && *visit->crp_tenths % 10 != 0;
    };
    DefectPlan plan;
    plan.withdrawn_consent = Pick(anyone);
    plan.refused_consent = Pick(anyone);
    plan.duplicate_patient = Pick(anyone);
    plan.decimal_mark = Pick(measurable);
    plan.unit = Pick(measurable);
    plan.comparator = Pick(has_crp);
    plan.not_detected =
        Pick([](const SyntheticPatient& patient) { return !patient.rheumatoid_factor; });
    plan.malformed_line = Pick(anyone);
    plan.retired_atc = Pick([](const SyntheticPatient& patient) {
      return !patient.treatments[0].drug.retired_atc.empty();
    });
    return plan;
  }

 private:
  std::uint64_t Pick(const std::function<bool(const SyntheticPatient&)>& fits) {
    const std::uint64_t start = MixBits(cohort_.seed * 31 + ++picks_) % patients_;
    // Few patients fail to fit, so the search is short; the limit is for tiny cohorts.
    for (std::uint64_t k = 0; k < std::min<std::uint64_t>(patients_, 1000); ++k) {
      const std::uint64_t index = (start + k) % patients_;
      if (std::ranges::find(used_, index) != used_.end() || !fits(DrawPatient(cohort_, index)))
        continue;
      used_.push_back(index);
      return index + 1;
    }
    return 0;
  }

  const CohortOptions& cohort_;  // not owned, outlives this
  std::uint64_t patients_;
  std::uint64_t picks_ = 0;
  std::vector<std::uint64_t> used_;
};

std::string Number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", x);
  return text;
}

constexpr std::string_view kTruthHeader =
    "patient,site,age,sex,baseline_das28_crp,assigned_class,drug,"
    "propensity_anti_tnf,propensity_il6,propensity_jak,"
    "probability_anti_tnf,probability_il6,probability_jak,"
    "response_anti_tnf,response_il6,response_jak,"
    "stop_days_anti_tnf,stop_days_il6,stop_days_jak,"
    "best_class,observed_response,observed_days,stopped\n";

std::string TruthRow(const SyntheticPatient& patient, SyntheticSite site) {
  std::string row = SyntheticPatientId(site, patient.number);
  const auto add = [&](std::string_view text) { row.append(",").append(text); };
  add(SiteName(site));
  add(std::to_string(patient.age));
  add(patient.female ? "female" : "male");
  add(Number(patient.baseline_das28));
  add(DrugClassName(patient.assigned));
  const SyntheticTreatment& treatment = patient.treatments[0];
  add(treatment.drug.name);
  for (double p : patient.propensity) add(Number(p));
  for (double p : patient.probability) add(Number(p));
  for (bool response : patient.response) add(response ? "1" : "0");
  for (int days : patient.stop_days) add(std::to_string(days));
  const auto best = std::ranges::max_element(patient.probability) - patient.probability.begin();
  add(DrugClassName(static_cast<std::size_t>(best)));
  const bool seen = std::ranges::any_of(patient.visits, [](const SyntheticVisit& visit) {
    return visit.month == 6 && visit.crp_tenths.has_value();
  });
  add(!seen ? "" : patient.response[patient.assigned] ? "1" : "0");
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
  json["model"] = ModelParameters(cohort);
  return core::ResultJson(json) + "\n";
}

std::unique_ptr<SyntheticWriter> MakeWriter(std::string_view dialect,
                                            const WriterOptions& options) {
  if (dialect == "de-fhir") return MakeFhirWriter(options);
  return MakeCsvWriter(dialect, options);
}

void Count(const SyntheticPatient& patient, SyntheticSummary& summary) {
  summary.patients += 1;
  summary.visits += patient.visits.size();
  summary.by_class[patient.assigned] += 1;
  summary.responders[patient.assigned] += patient.response[patient.assigned] ? 1 : 0;
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

std::string SyntheticPatientId(SyntheticSite site, std::uint64_t number) {
  constexpr const char* kPrefixes[] = {"LU", "DE", "FR", "CH"};
  char text[32];
  std::snprintf(text, sizeof text, "%s-%06llu", kPrefixes[static_cast<std::size_t>(site)],
                static_cast<unsigned long long>(number));
  return text;
}

const SyntheticVisit* DefectVisit(const SyntheticPatient& patient) {
  for (const SyntheticVisit& visit : patient.visits) {
    if ((visit.month == 3 || visit.month == 12) && visit.crp_tenths) return &visit;
  }
  return nullptr;
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
  std::error_code error;
  fs::create_directories(summary.export_directory, error);
  if (error)
    return Fail(ErrorCode::kFailed, summary.export_directory.string() + ": " + error.message());

  const DefectPlan plan = options.defects ? Planner(cohort, options.patients).Plan() : DefectPlan{};
  const auto writer = MakeWriter(options.dialect, {summary.export_directory, site, plan});
  std::ofstream truth(summary.truth_csv, std::ios::binary | std::ios::trunc);
  truth << kTruthHeader;
  for (std::uint64_t index = 0; index < options.patients; ++index) {
    const SyntheticPatient patient = DrawPatient(cohort, index);
    Count(patient, summary);
    truth << TruthRow(patient, site);
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
