// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv.h"

#include <cstdio>

#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {

std::string Grouped(long value, std::string_view mark) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), mark);
  return digits;
}

std::string DateText(Day day, char mark) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%02u%c%02u%c%04d", static_cast<unsigned>(date.day()), mark,
                static_cast<unsigned>(date.month()), mark, static_cast<int>(date.year()));
  return text;
}

Result<void> CsvWriter::Write(const SyntheticPatient& patient) {
  Begin(patient);
  WritePerson();
  for (const SyntheticVisit& visit : patient.visits) WriteVisit(visit);
  WriteLastContact();
  WriteEvents();
  for (std::size_t k = 0; k < patient.treatments.size(); ++k) WriteTreatment(k);
  return {};
}

Result<void> CsvWriter::Finish() {
  if (plan_.truncated_file != 0) {
    cut_off_->AddCutOff();
    Plant("truncated_file", *cut_off_, "quarantined: csv.field_count");
  }
  for (const auto& table : tables_) {
    CLINNOVA_TRY(table->Close());
  }
  return {};
}

Table& CsvWriter::Make(const Table::Format& format, const Row& header) {
  tables_.push_back(std::make_unique<Table>(options_.folder, format, header));
  files_.push_back(tables_.back()->path());
  return *tables_.back();
}

void CsvWriter::MakeProcedures(const Table::Format& format, const Row& header) {
  if (disease_.procedures) procedures_ = &Make(format, header);
}
void CsvWriter::MakeRelapses(const Table::Format& format, const Row& header) {
  if (disease_.relapses) relapses_ = &Make(format, header);
}

void CsvWriter::WriteEvents() {
  int number = 0;
  for (const SyntheticProcedure& procedure : patient_->procedures) {
    const auto kind = static_cast<std::size_t>(procedure.kind);
    procedures_->Add({id_, std::to_string(++number), std::string(words_.procedures[kind]),
                      std::string(words_.procedure_names[kind]), Date(procedure.date)});
  }
  number = 0;
  for (const SyntheticRelapse& relapse : patient_->relapses) {
    relapses_->Add(
        {id_, std::to_string(++number), Date(relapse.date), std::to_string(relapse.grade)});
  }
}

void CsvWriter::AddColumns(Row& header, bool with_laboratory) const {
  for (const SyntheticItem& item : disease_.items()) {
    if (with_laboratory || item.kind != ItemKind::kLaboratory)
      header.emplace_back((item.*local_).code);
  }
}

void CsvWriter::AddFields(Row& row, const SyntheticVisit& visit, bool with_laboratory) const {
  for (const SyntheticItem& item : disease_.items()) {
    if (with_laboratory || item.kind != ItemKind::kLaboratory) row.push_back(FieldOf(visit, item));
  }
}

std::string CsvWriter::FieldOf(const SyntheticVisit& visit, const SyntheticItem& item) const {
  const SyntheticResult* result = visit.Find(item.key);
  if (result == nullptr) return std::string((item.*local_).missing);
  if (!item.answers.empty()) {
    const SyntheticAnswer& answer = item.answers[static_cast<std::size_t>(result->value)];
    return std::string(local_ == &SyntheticItem::lu   ? answer.lu
                       : local_ == &SyntheticItem::fr ? answer.fr
                                                      : answer.ch);
  }
  std::string text = NumberOf(visit, *result, false);
  // The table has no column for units: one that is not the column's stands behind the number.
  if (item.key == kDefectItem && Is(plan_.unit, visit)) text += " mg/dL";
  return text;
}

std::string CsvWriter::NumberOf(const SyntheticVisit& visit, const SyntheticResult& result,
                                bool grouped) const {
  const ShownNumber shown = ShownOf(visit, result, result.item->*local_);
  if (!grouped || shown.decimals != 0 || shown.not_detected)
    return shown.Text(words_.decimal_mark, words_.below);
  return (shown.below ? std::string(words_.below) : "") + Grouped(shown.value, words_.thousands);
}

void CsvWriter::WriteLaboratory(Table& table, const SyntheticVisit& visit) {
  int request = 0;
  const std::string date = VisitDate(visit);
  for (const SyntheticResult& result : visit.results) {
    if (result.item->kind != ItemKind::kLaboratory) continue;
    const LocalItem& local = result.item->*local_;
    const bool defect = result.item->key == kDefectItem;
    table.Add({id_, visit.label, std::to_string(++request), date, std::string(local.code),
               std::string(local.label), NumberOf(visit, result, true),
               defect && Is(plan_.unit, visit) ? "mg/dL" : std::string(local.unit)});
    NoteResult(visit, *result.item, table);
  }
  if (!visit.first || !Is(plan_.malformed_line)) return;
  table.AddTruncated({id_, visit.label, std::to_string(request + 1), date, "HB", "HB", "12", ""});
  Plant("malformed_line", table, "quarantined: csv.field_count");
}

void CsvWriter::NoteResult(const SyntheticVisit& visit, const SyntheticItem& item,
                           const Table& table) {
  PlantItem(visit, item, table.name(), table.line(), words_.other_mark);
}

void CsvWriter::NoteVisit(const SyntheticVisit& visit, const Table& table) {
  if (Is(plan_.swapped_date, visit))
    Plant("swapped_date", table, "loaded as written: found by the checks of quality");
}

void CsvWriter::AddPerson(Table& table, const Row& row) {
  table.Add(row);
  if (Is(plan_.withdrawn_consent)) Plant("withdrawn_consent", table, "in no cohort");
  if (Is(plan_.refused_consent)) Plant("refused_consent", table, "in no cohort");
  if (!Is(plan_.duplicate_patient)) return;
  table.Add(row);
  Plant("duplicate_patient", table, "loaded once");
}

std::size_t CsvWriter::ConsentOf() const {
  return Is(plan_.refused_consent) ? 1 : Is(plan_.withdrawn_consent) ? 2 : 0;
}
std::string CsvWriter::Consent() const { return std::string(words_.consent[ConsentOf()]); }
std::string CsvWriter::Withdrawal() const {
  return ConsentOf() == 2 ? Date(WithdrawalDay(*patient_)) : "";
}
std::string CsvWriter::ReasonOf(const SyntheticTreatment& treatment) const {
  return treatment.reason ? std::string(words_.reason[static_cast<std::size_t>(*treatment.reason)])
                          : "";
}
std::string CsvWriter::StatusOf(const SyntheticTreatment& treatment) const {
  return std::string(words_.stopped[treatment.stop ? 1 : 0]);
}

void CsvWriter::NoteTreatment(std::size_t treatment, const Table& table) {
  if (Retired(treatment)) Plant("retired_atc", table, "resolved by the map of retired ATC codes");
}

}  // namespace clinnova::intake::synthetic
