// SPDX-License-Identifier: Apache-2.0
#include "intake/redcap_reader.h"

#include <algorithm>
#include <set>

#include "intake/csv_rows.h"
#include "intake/record_maker.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kLabel = ":label";
constexpr std::string_view kInstrument = "redcap_repeat_instrument";

std::string_view WithoutLabel(std::string_view column) {
  return column.ends_with(kLabel) ? column.substr(0, column.size() - kLabel.size()) : column;
}

/// One column of the export.
struct ExportColumn {
  std::string name;
  const RedcapField* field = nullptr;  // null for REDCap's own columns
  bool used = false;                   // by the mapping, itself or its label
};

class RedcapFile {
 public:
  RedcapFile(const std::string& name, const Mapping& mapping, const RedcapDictionary& dictionary,
             RecordSink& sink)
      : name_(name),
        mapping_(mapping),
        dictionary_(dictionary),
        sink_(sink),
        maker_(name, mapping, sink),
        cells_(mapping) {
    for (const RecordRule& rule : mapping.records) instruments_.insert(rule.per);
  }

  Result<void> Bind(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      ExportColumn column{name, dictionary_.Find(name), false};
      column.used = cells_.Uses(name) || cells_.Uses(name + std::string(kLabel));
      if (column.used && std::ranges::count(names, name) != 1) {
        return Fail(ErrorCode::kInvalidInput,
                    name_ + ":1: found twice the column \"" + name + "\", expected once");
      }
      columns_.push_back(std::move(column));
    }
    // An export may lack an instrument; a column that nothing knows is a mistake in the mapping.
    for (const std::string& used : mapping_.columns) {
      const std::string_view plain = WithoutLabel(used);
      if (std::ranges::find(names, plain) != names.end() || plain.starts_with("redcap_")) continue;
      if (const RedcapField* field = dictionary_.Find(plain)) {
        const bool ticked =
            field->name == plain || field->LabelOf(plain.substr(field->name.size() + 3));
        if (ticked) continue;
      }
      return Fail(ErrorCode::kInvalidInput, name_ + ":1: found no column \"" + used +
                                                "\" there or in the data dictionary, " +
                                                "expected by " + mapping_.name);
    }
    return {};
  }

  Result<void> Read(CsvRows& rows) {
    while (true) {
      CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
      if (step == CsvRows::Step::kEnd) return {};
      if (step == CsvRows::Step::kMalformed) {
        CLINNOVA_TRY(RejectLine(rows.line(), rows.rule(), rows.message()));
      } else if (rows.fields().size() != columns_.size()) {
        const std::string message = "found " + std::to_string(rows.fields().size()) +
                                    " fields, expected " + std::to_string(columns_.size());
        rows.ResumeAfterFirstLine();
        CLINNOVA_TRY(RejectLine(rows.line(), "csv.field_count", message));
      } else {
        CLINNOVA_TRY(ReadRow(rows));
      }
    }
  }

 private:
  Result<void> ReadRow(const CsvRows& rows) {
    line_ = rows.line();
    instrument_.clear();
    raw_.clear();
    cells_.Clear();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      std::string text;
      if (DecodeToUtf8(mapping_.encoding, TrimText(rows.fields()[c]), text)) {
        return RejectLine(line_, "csv.encoding",
                          columns_[c].name + ": found bytes that are no " +
                              std::string(EncodingName(mapping_.encoding)) + " text");
      }
      if (!text.empty()) CLINNOVA_TRY(TakeCell(columns_[c], text));
    }
    if (!instruments_.contains(instrument_)) {
      sink_.Ignore({name_, line_, ""}, "REDCap rows of " +
                                           (instrument_.empty() ? "no instrument" : instrument_) +
                                           ": not in the mapping");
      return {};
    }
    CLINNOVA_TRY(
        maker_.Make({.type = instrument_, .cells = cells_.cells(), .line = line_, .raw = raw_}));
    return {};
  }

  Result<void> TakeCell(const ExportColumn& column, const std::string& text) {
    if (column.name == kInstrument) instrument_ = text;
    const RedcapField* field = column.field;
    const bool hidden = field != nullptr && field->identifier;
    if (!column.used) return {};
    if (!hidden) raw_ += (raw_.empty() ? "" : "; ") + column.name + "=" + text;
    const bool missing = std::ranges::find(mapping_.missing, text) != mapping_.missing.end();
    if (field == nullptr || field->choices.empty() || missing) {
      cells_.Set(column.name, text);
      return {};
    }
    // A checkbox's own column is ticked or not, whatever its choices are called.
    if (field->name != column.name) return TakeBox(column, *field, text);
    const std::string* code = field->CodeOf(text);
    if (code == nullptr) {
      return RejectCell(column, text, "expected a code or label of the data dictionary");
    }
    cells_.Set(column.name, *code);
    cells_.Set(column.name + std::string(kLabel), *field->LabelOf(*code));
    return {};
  }

  Result<void> TakeBox(const ExportColumn& column, const RedcapField& field,
                       const std::string& text) {
    const std::string* label = field.LabelOf(column.name.substr(field.name.size() + 3));
    const bool ticked = text == "1" || text == "Checked" || (label != nullptr && text == *label);
    if (!ticked && text != "0" && text != "Unchecked") {
      return RejectCell(column, text, "expected 1 or 0");
    }
    cells_.Set(column.name, ticked ? "1" : "0");
    if (ticked && label != nullptr) cells_.Set(column.name + std::string(kLabel), *label);
    return {};
  }

  Result<void> RejectCell(const ExportColumn& column, const std::string& text,
                          const std::string& expected) {
    return maker_.Reject({.type = {}, .line = line_, .path = column.name, .raw = text},
                         "redcap.choice", column.name + ": found \"" + text + "\", " + expected);
  }

  // The line itself may name the patient.
  Result<void> RejectLine(std::uint64_t line, std::string_view rule, std::string message) {
    return maker_.Reject({.type = {}, .line = line}, rule, std::move(message));
  }

  std::string name_;
  const Mapping& mapping_;              // not owned, outlives this
  const RedcapDictionary& dictionary_;  // not owned, outlives this
  RecordSink& sink_;                    // not owned, outlives this
  RecordMaker maker_;
  NamedCells cells_;
  std::set<std::string, std::less<>> instruments_;  // that the mapping has rules for
  std::vector<ExportColumn> columns_;
  std::uint64_t line_ = 0;
  std::string instrument_, raw_;
};

Result<std::vector<std::string>> ReadHeader(CsvRows& rows, const std::string& name) {
  CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
  if (step != CsvRows::Step::kRow) {
    return Fail(ErrorCode::kInvalidInput, name + ":1: found no header line, expected field names");
  }
  std::vector<std::string> names;
  for (const std::string_view field : rows.fields()) names.emplace_back(TrimText(field));
  return names;
}

}  // namespace

Result<void> ReadRedcap(const std::filesystem::path& path, const std::string& name,
                        const Mapping& mapping, const RedcapDictionary& dictionary,
                        RecordSink& sink) {
  CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = path, .delimiter = mapping.delimiter}));
  CLINNOVA_ASSIGN(const std::vector<std::string> names, ReadHeader(rows, name));
  RedcapFile file(name, mapping, dictionary, sink);
  CLINNOVA_TRY(file.Bind(names));
  return file.Read(rows);
}

Result<std::vector<std::string>> RedcapColumns(const std::filesystem::path& path,
                                               const Mapping& mapping) {
  CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = path, .delimiter = mapping.delimiter}));
  return ReadHeader(rows, path.string());
}

}  // namespace clinnova::intake
