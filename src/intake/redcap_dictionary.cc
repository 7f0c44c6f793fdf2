// SPDX-License-Identifier: Apache-2.0
#include "intake/redcap_dictionary.h"

#include <algorithm>
#include <array>
#include <optional>

#include "intake/csv_rows.h"
#include "intake/encoding.h"
#include "intake/local_text.h"

namespace clinnova::intake {
namespace {

/// The columns that are used, as REDCap's pages and as its programming interface call them.
struct ColumnName {
  std::string_view page, interface;
};
constexpr std::array<ColumnName, 6> kColumns{{
    {"Variable / Field Name", "field_name"},
    {"Form Name", "form_name"},
    {"Field Type", "field_type"},
    {"Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"},
    {"Text Validation Type OR Show Slider Number", "text_validation_type_or_show_slider_number"},
    {"Identifier?", "identifier"},
}};
enum Position { kName, kForm, kType, kChoices, kValidation, kIdentifier };

bool HasChoices(std::string_view type) {
  return type == "radio" || type == "dropdown" || type == "checkbox";
}

/// "1, Female | 2, Male"; nothing where a choice has no comma.
std::optional<std::vector<std::pair<std::string, std::string>>> ReadChoices(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> choices;
  while (!TrimText(text).empty()) {
    std::size_t end = std::min(text.find_first_of("|\n"), text.size());
    const std::string_view choice = TrimText(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (choice.empty()) continue;
    const std::size_t comma = choice.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    choices.emplace_back(TrimText(choice.substr(0, comma)), TrimText(choice.substr(comma + 1)));
  }
  return choices;
}

/// The dictionary's columns in its file.
Result<std::array<std::size_t, kColumns.size()>> FindColumns(const CsvRows& rows,
                                                             const std::string& where) {
  std::array<std::size_t, kColumns.size()> positions{};
  for (std::size_t c = 0; c < kColumns.size(); ++c) {
    const auto fields = rows.fields();
    const auto found = std::ranges::find_if(fields, [&](std::string_view field) {
      return field == kColumns[c].page || field == kColumns[c].interface;
    });
    if (found == fields.end()) {
      return Fail(ErrorCode::kInvalidInput, where + "found no column \"" +
                                                std::string(kColumns[c].page) +
                                                "\", expected a REDCap data dictionary");
    }
    positions[c] = static_cast<std::size_t>(found - fields.begin());
  }
  return positions;
}

Result<RedcapField> ReadField(const std::array<std::string, kColumns.size()>& texts,
                              const std::string& where) {
  RedcapField field{
      texts[kName], texts[kForm], texts[kType], texts[kValidation], texts[kIdentifier] == "y", {}};
  if (field.type == "yesno") field.choices = {{"1", "Yes"}, {"0", "No"}};
  if (field.type == "truefalse") field.choices = {{"1", "True"}, {"0", "False"}};
  if (!HasChoices(field.type)) return field;
  auto choices = ReadChoices(texts[kChoices]);
  if (!choices || choices->empty()) {
    return Fail(ErrorCode::kInvalidInput, where + "field " + field.name + ": found choices \"" +
                                              texts[kChoices] + "\", expected code, label | …");
  }
  field.choices = std::move(*choices);
  return field;
}

}  // namespace

const std::string* RedcapField::CodeOf(std::string_view text) const {
  for (const auto& [code, label] : choices) {
    if (code == text) return &code;
  }
  for (const auto& [code, label] : choices) {
    if (label == text) return &code;
  }
  return nullptr;
}

const std::string* RedcapField::LabelOf(std::string_view code) const {
  for (const auto& choice : choices) {
    if (choice.first == code) return &choice.second;
  }
  return nullptr;
}

bool RedcapDictionary::LooksLikeOne(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  if (head.starts_with('"')) head.remove_prefix(1);
  return head.starts_with(kColumns[kName].page) || head.starts_with("field_name,form_name") ||
         head.starts_with("field_name\",\"form_name");
}

Result<RedcapDictionary> RedcapDictionary::Load(const std::filesystem::path& path) {
  CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = path}));
  CLINNOVA_ASSIGN(CsvRows::Step step, rows.Next());
  if (step != CsvRows::Step::kRow) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ":1: found no header line");
  }
  CLINNOVA_ASSIGN(const auto positions, FindColumns(rows, path.string() + ":1: "));
  const std::size_t width = rows.fields().size();
  RedcapDictionary dictionary;
  while (true) {
    CLINNOVA_ASSIGN(step, rows.Next());
    if (step == CsvRows::Step::kEnd) break;
    const std::string where = path.string() + ":" + std::to_string(rows.line()) + ": ";
    if (step == CsvRows::Step::kMalformed) {
      return Fail(ErrorCode::kInvalidInput, where + rows.message());
    }
    if (rows.fields().size() != width) {
      return Fail(ErrorCode::kInvalidInput, where + "found " +
                                                std::to_string(rows.fields().size()) +
                                                " fields, expected " + std::to_string(width));
    }
    std::array<std::string, kColumns.size()> texts;
    for (std::size_t c = 0; c < texts.size(); ++c) {
      if (DecodeToUtf8(Encoding::kUtf8, TrimText(rows.fields()[positions[c]]), texts[c])) {
        return Fail(ErrorCode::kInvalidInput, where + "found text that is not UTF-8");
      }
    }
    CLINNOVA_ASSIGN(RedcapField field, ReadField(texts, where));
    const std::string name = field.name;
    if (name.empty() || !dictionary.fields_.emplace(name, std::move(field)).second) {
      return Fail(ErrorCode::kInvalidInput,
                  where + "field \"" + name + "\": expected a name that stands once");
    }
  }
  return dictionary;
}

const RedcapField* RedcapDictionary::Find(std::string_view column) const {
  auto found = fields_.find(column);
  if (found == fields_.end()) found = fields_.find(column.substr(0, column.find("___")));
  const bool checkbox = column.find("___") != std::string_view::npos;
  if (found == fields_.end() || (found->first != column && !checkbox)) return nullptr;
  if (found->first != column && found->second.type != "checkbox") return nullptr;
  return &found->second;
}

}  // namespace clinnova::intake
