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
#include "intake/synthetic_csv.h"
#include "intake/synthetic_disease.h"
#include "intake/synthetic_planned_writer.h"

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

  /// The last row once more at the file's very end, cut off and without an end of line.
  void AddCutOff() {
    stream_ << last_.substr(0, last_.size() / 2);
    ++line_;
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
    last_ = bytes ? *bytes : line;
    ++line_;
  }

  fs::path path_;
  Format format_;
  std::ofstream stream_;
  std::uint64_t line_ = 0;
  std::string last_;  // line, encoded
  std::string error_;
};

/// 1234 is "1'234".
std::string Grouped(long value, std::string_view mark);
/// "31/12/2023" with '/'.
std::string DateText(Day day, char mark);

// The words of one dialect for what the model leaves to them.
struct Words {
  std::string_view consent[3];  // given, refused, withdrawn
  std::string_view reason[3];   // lack of effect, adverse event, other
  std::string_view stopped[2];  // goes on, stopped
  char date_mark;               // between day, month and year; '-': year, month and day
  char decimal_mark;
  std::string_view below;          // before the number: "<", "< "
  std::string_view thousands;      // between groups of digits in the laboratory's table
  std::string_view procedures[2];  // codes: colonoscopy, MRI of the brain
  std::string_view procedure_names[2];
  std::string_view other_mark =
      "quarantined: number.invalid";  // a number with another decimal mark
};

/// What is due to one dialect of an item: `item.lu`, `item.fr`, `item.ch`.
using LocalItemOf = LocalItem SyntheticItem::*;

// What the three dialects share: consent, items, defects and the files.
class CsvWriter : public PlannedWriter {
 public:
  CsvWriter(const WriterOptions& options, const Words& words, LocalItemOf local)
      : PlannedWriter(options), words_(words), local_(local) {}

  Result<void> Write(const SyntheticPatient& patient) override;
  Result<void> Finish() override;

 protected:
  virtual void WritePerson() = 0;
  virtual void WriteVisit(const SyntheticVisit& visit) = 0;
  virtual void WriteLastContact() = 0;
  virtual void WriteTreatment(std::size_t which) = 0;
  virtual void WriteEvents();

  Table& Make(const Table::Format& format, const Row& header);
  /// Made only where the disease has procedures or relapses.
  void MakeProcedures(const Table::Format& format, const Row& header);
  void MakeRelapses(const Table::Format& format, const Row& header);
  /// The header's columns of the items, laboratory values or not.
  void AddColumns(Row& header, bool with_laboratory) const;
  /// The fields under those columns.
  void AddFields(Row& row, const SyntheticVisit& visit, bool with_laboratory) const;
  std::string FieldOf(const SyntheticVisit& visit, const SyntheticItem& item) const;
  /// One row of the laboratory's table per value: id, stay, number, date, code, label, result, unit.
  void WriteLaboratory(Table& table, const SyntheticVisit& visit);
  /// Notes what is planted on the item of the present visit, and on the visit, whose row is the last of `table`.
  void NoteResult(const SyntheticVisit& visit, const SyntheticItem& item, const Table& table);
  void NoteVisit(const SyntheticVisit& visit, const Table& table);

  void Plant(std::string_view kind, const Table& table, std::string_view expected) {
    PlantAt(kind, table.name(), table.line(), expected);
  }

  /// Adds the row of a person, with what is planned for it. `row` holds the words of the consent.
  void AddPerson(Table& table, const Row& row);
  std::string Consent() const;
  std::string Withdrawal() const;
  std::string Date(Day day) const {
    return words_.date_mark == '-' ? IsoDate(day) : DateText(day, words_.date_mark);
  }
  std::string VisitDate(const SyntheticVisit& visit) const { return Date(VisitDay(visit)); }
  std::string ReasonOf(const SyntheticTreatment& treatment) const;
  std::string StatusOf(const SyntheticTreatment& treatment) const;
  void NoteTreatment(std::size_t treatment, const Table& table);
  /// The table that the file's end is cut off from, with its last row.
  void CutOff(Table& table) { cut_off_ = &table; }

  Words words_;
  LocalItemOf local_;

 private:
  std::size_t ConsentOf() const;
  std::string NumberOf(const SyntheticVisit& visit, const SyntheticResult& result,
                       bool grouped) const;

  std::vector<std::unique_ptr<Table>> tables_;
  Table* procedures_ = nullptr;
  Table* relapses_ = nullptr;
  Table* cut_off_ = nullptr;
};

}  // namespace clinnova::intake::synthetic
