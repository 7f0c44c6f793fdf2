// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_planned_writer.h"

#include <algorithm>
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

double Scaled(long value, int decimals) {
  constexpr double kPowers[] = {1, 10, 100, 1000, 10000};
  return static_cast<double>(value) / kPowers[decimals];
}

long CreatinineHundredths(long umol_per_l) { return (umol_per_l * 10000L + 4421) / 8842; }

std::string CompactDate(Day day) {
  std::string text = IsoDate(day);
  std::erase(text, '-');
  return text;
}

int YearOf(Day day) { return static_cast<int>(std::chrono::year_month_day{day}.year()); }

std::string_view SnomedOf(StopReason reason) {
  constexpr std::string_view kCodes[] = {"395008009", "395007004", "182840001"};
  return kCodes[static_cast<std::size_t>(reason)];
}

std::string ShownNumber::Text(char mark, std::string_view below_sign) const {
  if (not_detected) return "n.n.";
  if (other_mark) mark = mark == ',' ? '.' : ',';
  return (below ? std::string(below_sign) : "") + Decimal(value, decimals, mark);
}

ShownNumber PlannedWriter::ShownOf(const SyntheticVisit& visit, const SyntheticResult& result,
                                   const LocalItem& local) const {
  const SyntheticItem& item = *result.item;
  ShownNumber shown{
      .value = result.value, .decimals = item.decimals - local.shift, .below = result.below};
  if (local.unit == "mg/dL" && item.ucum == "umol/L") {
    shown.value = CreatinineHundredths(shown.value);
    shown.decimals = 2;
  }
  shown.not_detected =
      item.key == disease_.not_detected && NotDetected(plan_, *patient_, visit, item.key);
  if (item.key == kDefectItem) {
    if (Is(plan_.comparator, visit)) shown.below = true, shown.value = kDefectLimit;
    shown.other_mark = Is(plan_.decimal_mark, visit);
    shown.in_mg_per_dl = Is(plan_.unit, visit);
    if (shown.in_mg_per_dl) ++shown.decimals;
  }
  if (item.key == kWrongUnitItem && Is(plan_.wrong_unit, visit)) {
    // g/L under the name of g/dL; where the unit is g/L, mmol/L under its name.
    if (local.shift != 0) shown.value = MillimolesOfHaemoglobin(shown.value), shown.decimals = 1;
    if (local.shift == 0) shown.decimals = 0;
  }
  return shown;
}

void PlannedWriter::PlantItem(const SyntheticVisit& visit, const SyntheticItem& item,
                              std::string_view file, std::uint64_t line,
                              std::string_view other_mark) {
  const auto plant = [&](std::string_view kind, std::string_view expected) {
    PlantAt(kind, file, line, expected);
  };
  if (item.key == kDefectItem) {
    if (Is(plan_.comparator, visit)) plant("comparator", "loaded as 0.6 with operator <");
    if (Is(plan_.decimal_mark, visit)) plant("decimal_mark", other_mark);
    if (Is(plan_.unit, visit)) plant("unit", "converted from mg/dL to mg/L");
  }
  if (item.key == kWrongUnitItem && Is(plan_.wrong_unit, visit))
    plant("wrong_unit", "quarantined at the load: value.implausible");
  if (item.key == disease_.not_detected && NotDetected(plan_, *patient_, visit, item.key))
    plant("not_detected", "kept as text, never a number");
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
