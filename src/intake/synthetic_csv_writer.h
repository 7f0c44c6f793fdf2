// SPDX-License-Identifier: Apache-2.0
// What the CSV dialects of synthetic patients share: files, number and date forms, consent and defects.
// Private to the synthetic_csv_*.cc files.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/encoding.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake::synthetic {

namespace fs = std::filesystem;
using Row = std::vector<std::string>;

// One CSV file being written.
class Table {
 public:
  struct Format {
    std::string_view name;
    char delimiter;
    Encoding encoding;
    std::string_view line_end;
    std::string_view start;  // a byte order mark, or nothing
  };

  Table(const fs::path& folder, const Format& format, const Row& header)
      : path_(folder / format.name),
        format_(format),
        stream_(path_, std::ios::binary | std::ios::trunc) {
    stream_ << format.start;
    Add(header);
  }

  void Add(const Row& row) { WriteLine(Line(row)); }
  /// The row once more, cut off in the middle.
  void AddTruncated(const Row& row) {
    const std::string line = Line(row);
    WriteLine(line.substr(0, line.size() * 2 / 5));
  }

  std::uint64_t line() const { return line_; }  // of the last row
  std::string name() const { return std::string(format_.name); }
  const fs::path& path() const { return path_; }

  Result<void> Close() {
    stream_.close();
    if (stream_ && error_.empty()) return {};
    return Fail(ErrorCode::kFailed, path_.string() + ": cannot be written" + error_);
  }

 private:
  std::string Line(const Row& row) const {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.push_back(format_.delimiter);
      const std::string& field = row[i];
      if (field.find(format_.delimiter) == std::string::npos &&
          field.find('"') == std::string::npos) {
        line += field;
        continue;
      }
      line.push_back('"');
      for (char c : field) line.append(c == '"' ? 2 : 1, c);
      line.push_back('"');
    }
    return line;
  }

  void WriteLine(const std::string& line) {
    auto bytes = EncodeFromUtf8(format_.encoding, line);
    if (!bytes)
      error_ = ": " + bytes.error().message;
    else
      stream_ << *bytes << format_.line_end;
    ++line_;
  }

  fs::path path_;
  Format format_;
  std::ofstream stream_;
  std::uint64_t line_ = 0;
  std::string error_;
};

/// 1234 with 2 decimals and "," is "12,34".
std::string Decimal(long value, int decimals, char mark);
/// 1234 is "1'234".
std::string Grouped(long value, std::string_view mark);
/// "31/12/2023" with '/'.
std::string DateText(Day day, char mark);
/// Empty where the value is missing.
std::string Text(const std::optional<int>& value);
/// Hundredths of a mg/dL; 88.42 umol/L are one mg/dL.
long CreatinineHundredths(int umol_per_l);

// The words of one dialect for what the model leaves to them.
struct Words {
  std::string_view consent[3];  // given, refused, withdrawn
  std::string_view smoking[3];  // never, former, current
  std::string_view reason[3];   // lack of effect, adverse event, other
  std::string_view stopped[2];  // goes on, stopped
};

// What the three dialects share: consent, defects and the files.
class CsvWriter : public SyntheticWriter {
 public:
  CsvWriter(const WriterOptions& options, const Words& words)
      : plan_(options.plan), words_(words), site_(options.site), folder_(options.folder) {}

  Result<void> Write(const SyntheticPatient& patient) override {
    id_ = SyntheticPatientId(site_, patient.number);
    WritePerson(patient);
    WriteVisits(patient);
    WriteTreatments(patient);
    return {};
  }

  Result<void> Finish() override {
    for (const auto& table : tables_) {
      CLINNOVA_TRY(table->Close());
    }
    return {};
  }

 protected:
  virtual void WritePerson(const SyntheticPatient& patient) = 0;
  virtual void WriteVisits(const SyntheticPatient& patient) = 0;
  virtual void WriteTreatments(const SyntheticPatient& patient) = 0;

  Table& Make(const Table::Format& format, const Row& header) {
    tables_.push_back(std::make_unique<Table>(folder_, format, header));
    files_.push_back(tables_.back()->path());
    return *tables_.back();
  }

  bool Is(std::uint64_t planned, const SyntheticPatient& patient) const {
    return planned == patient.number;
  }

  // Whether the planned defect falls on this visit's CRP.
  bool Is(std::uint64_t planned, const SyntheticPatient& patient,
          const SyntheticVisit& visit) const {
    return planned == patient.number && DefectVisit(patient) == &visit;
  }

  void Plant(std::string_view kind, const Table& table, std::string_view expected) {
    planted_.push_back({std::string(kind), id_, table.name(), table.line(), std::string(expected)});
  }

  // Adds the row of a person, with what is planned for it. `row` holds the words of the consent.
  void AddPerson(Table& table, const SyntheticPatient& patient, const Row& row) {
    table.Add(row);
    if (Is(plan_.withdrawn_consent, patient)) Plant("withdrawn_consent", table, "in no cohort");
    if (Is(plan_.refused_consent, patient)) Plant("refused_consent", table, "in no cohort");
    if (!Is(plan_.duplicate_patient, patient)) return;
    table.Add(row);
    Plant("duplicate_patient", table, "loaded once");
  }

  std::size_t ConsentOf(const SyntheticPatient& patient) const {
    return Is(plan_.refused_consent, patient) ? 1 : Is(plan_.withdrawn_consent, patient) ? 2 : 0;
  }
  std::string Consent(const SyntheticPatient& patient) const {
    return std::string(words_.consent[ConsentOf(patient)]);
  }
  std::string Withdrawal(const SyntheticPatient& patient, char mark) const {
    return ConsentOf(patient) == 2 ? DateText(WithdrawalDay(patient), mark) : "";
  }
  std::string SmokingOf(const SyntheticPatient& patient) const {
    return std::string(words_.smoking[static_cast<std::size_t>(patient.smoking)]);
  }
  std::string ReasonOf(const SyntheticTreatment& treatment) const {
    return treatment.reason
               ? std::string(words_.reason[static_cast<std::size_t>(*treatment.reason)])
               : "";
  }
  std::string StatusOf(const SyntheticTreatment& treatment) const {
    return std::string(words_.stopped[treatment.stop ? 1 : 0]);
  }

  bool Retired(const SyntheticPatient& patient, std::size_t treatment) const {
    return treatment == 0 && Is(plan_.retired_atc, patient);
  }
  std::string AtcOf(const SyntheticPatient& patient, std::size_t treatment) const {
    const SyntheticDrug& drug = patient.treatments[treatment].drug;
    return std::string(Retired(patient, treatment) ? drug.retired_atc : drug.atc);
  }
  void NoteTreatment(const SyntheticPatient& patient, std::size_t treatment, const Table& table) {
    if (Retired(patient, treatment))
      Plant("retired_atc", table, "resolved by the map of retired ATC codes");
  }

  // The CRP of a visit as this dialect writes it; `limit` is "<0,6" in its spelling.
  std::string Crp(const SyntheticPatient& patient, const SyntheticVisit& visit, char mark,
                  std::string_view limit) const {
    if (!visit.crp_tenths) return "";
    if (visit.crp_below_limit || Is(plan_.comparator, patient, visit)) return std::string(limit);
    if (Is(plan_.decimal_mark, patient, visit))
      return Decimal(*visit.crp_tenths, 1, mark == ',' ? '.' : ',');
    if (Is(plan_.unit, patient, visit)) return Decimal(*visit.crp_tenths, 2, mark);
    return Decimal(*visit.crp_tenths, 1, mark);
  }

  void NoteCrp(const SyntheticPatient& patient, const SyntheticVisit& visit, const Table& table) {
    if (Is(plan_.comparator, patient, visit))
      Plant("comparator", table, "loaded as 0.6 with operator <");
    if (Is(plan_.decimal_mark, patient, visit))
      Plant("decimal_mark", table, "quarantined: number.invalid");
    if (Is(plan_.unit, patient, visit)) Plant("unit", table, "converted from mg/dL to mg/L");
  }

  DefectPlan plan_;
  Words words_;
  SyntheticSite site_;
  std::string id_;  // of the present patient

 private:
  fs::path folder_;
  std::vector<std::unique_ptr<Table>> tables_;
};

std::unique_ptr<SyntheticWriter> MakeLuxembourgWriter(const WriterOptions& options);
std::unique_ptr<SyntheticWriter> MakeFrenchWriter(const WriterOptions& options);
std::unique_ptr<SyntheticWriter> MakeSwissWriter(const WriterOptions& options);

}  // namespace clinnova::intake::synthetic
