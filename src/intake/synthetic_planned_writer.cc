// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_planned_writer.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace clinnova::intake::synthetic {

namespace fs = std::filesystem;

std::string Decimal(long value, int decimals, char mark) {
  std::string digits = std::to_string(value);
  if (decimals == 0) return digits;
  while (static_cast<int>(digits.size()) <= decimals) digits.insert(digits.begin(), '0');
  digits.insert(digits.end() - decimals, mark);
  return digits;
}

long CreatinineHundredths(long umol_per_l) { return (umol_per_l * 10000L + 4421) / 8842; }

std::string IsoDate(Day day) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

std::string CompactDate(Day day) {
  std::string text = IsoDate(day);
  std::erase(text, '-');
  return text;
}

int YearOf(Day day) { return static_cast<int>(std::chrono::year_month_day{day}.year()); }

std::string ShownNumber::Text(char mark, std::string_view below_sign) const {
  if (not_detected) return "n.n.";
  if (other_mark) mark = mark == ',' ? '.' : ',';
  return (below ? std::string(below_sign) : "") + Decimal(value, decimals, mark);
}

ShownNumber Shown(const WriterOptions& options, const SyntheticPatient& patient,
                  const SyntheticVisit& visit, const SyntheticResult& result,
                  const LocalItem& local) {
  const DefectPlan& plan = options.plan;
  const SyntheticItem& item = *result.item;
  const auto is = [&](std::uint64_t planned) {
    return planned == patient.number && DefectVisit(patient) == &visit;
  };
  ShownNumber shown{
      .value = result.value, .decimals = item.decimals - local.shift, .below = result.below};
  if (local.unit == "mg/dL" && item.ucum == "umol/L") {
    shown.value = CreatinineHundredths(shown.value);
    shown.decimals = 2;
  }
  shown.not_detected =
      item.key == options.disease->not_detected && NotDetected(plan, patient, visit, item.key);
  if (item.key == kDefectItem) {
    if (is(plan.comparator)) shown.below = true, shown.value = kDefectLimit;
    shown.other_mark = is(plan.decimal_mark);
    shown.in_mg_per_dl = is(plan.unit);
    if (shown.in_mg_per_dl) ++shown.decimals;
  }
  if (item.key == kWrongUnitItem && is(plan.wrong_unit)) {
    // g/L under the name of g/dL; where the unit is g/L, mmol/L under its name.
    if (local.shift != 0) shown.value = MillimolesOfHaemoglobin(shown.value), shown.decimals = 1;
    if (local.shift == 0) shown.decimals = 0;
  }
  return shown;
}

std::vector<ItemDefect> DefectsOf(const WriterOptions& options, const SyntheticPatient& patient,
                                  const SyntheticVisit& visit, const SyntheticItem& item,
                                  std::string_view other_mark) {
  const DefectPlan& plan = options.plan;
  const auto is = [&](std::uint64_t planned) {
    return planned == patient.number && DefectVisit(patient) == &visit;
  };
  std::vector<ItemDefect> defects;
  if (item.key == kDefectItem) {
    if (is(plan.comparator)) defects.push_back({"comparator", "loaded as 0.6 with operator <"});
    if (is(plan.decimal_mark)) defects.push_back({"decimal_mark", other_mark});
    if (is(plan.unit)) defects.push_back({"unit", "converted from mg/dL to mg/L"});
  }
  if (item.key == kWrongUnitItem && is(plan.wrong_unit))
    defects.push_back({"wrong_unit", "quarantined at the load: value.implausible"});
  if (item.key == options.disease->not_detected && NotDetected(plan, patient, visit, item.key))
    defects.push_back({"not_detected", "kept as text, never a number"});
  return defects;
}

Result<void> PlannedWriter::WriteTruncated(std::string_view name, std::string_view bytes) {
  const fs::path folder = options_.folder.parent_path() / "truncated";
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path path = folder / name;
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << bytes;
  stream.close();
  if (!stream) return Fail(ErrorCode::kFailed, path.string() + ": cannot be written");
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(bytes, '\n')) + 1;
  PlantAt("truncated_file", "../truncated/" + std::string(name), lines,
          "refused whole: nothing is loaded");
  return {};
}

Result<void> LaboratoryWriter::Write(const SyntheticPatient& patient) {
  Begin(patient);
  CLINNOVA_TRY(rest_->Write(patient));
  return WriteReports();
}

Result<void> LaboratoryWriter::Finish() {
  CLINNOVA_TRY(rest_->Finish());
  CLINNOVA_TRY(FinishReports());
  planted_.insert(planted_.begin(), rest_->planted().begin(), rest_->planted().end());
  files_.insert(files_.begin(), rest_->files().begin(), rest_->files().end());
  return {};
}

WriterOptions WithoutLaboratory(WriterOptions options) {
  options.laboratory = false;
  DefectPlan& plan = options.plan;
  plan.decimal_mark = plan.unit = plan.comparator = plan.not_detected = plan.wrong_unit = 0;
  plan.haemolysed = plan.malformed_line = plan.truncated_file = 0;
  return options;
}

std::vector<const SyntheticResult*> LaboratoryOf(const SyntheticVisit& visit) {
  std::vector<const SyntheticResult*> results;
  for (const SyntheticResult& result : visit.results)
    if (result.item->kind == ItemKind::kLaboratory) results.push_back(&result);
  return results;
}

}  // namespace clinnova::intake::synthetic
