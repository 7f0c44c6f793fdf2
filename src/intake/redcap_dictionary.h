// SPDX-License-Identifier: Apache-2.0
// A REDCap project's data dictionary: the fields, what their codes mean, and which of them name a
// patient. It is the CSV that REDCap itself writes ("Variable / Field Name", …) or its programming
// interface ("field_name", …).
//
//   CLINNOVA_ASSIGN(RedcapDictionary dictionary, RedcapDictionary::Load("Project_DataDictionary.csv"));
//   const RedcapField* sex = dictionary.Find("sex");       // choices {"1","Female"}, {"2","Male"}
//   dictionary.Find("comorbidity___3");                     // the checkbox field
//
// Thread rule: values; const use from any number of threads.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

struct RedcapField {
  std::string name;
  std::string form;
  std::string type;        ///< "text", "radio", "dropdown", "checkbox", "yesno", …
  std::string validation;  ///< of a text: "date_dmy", "number", "number_comma_decimal", …
  bool identifier = false;
  std::vector<std::pair<std::string, std::string>> choices;  ///< code, label

  /// The code that `text`, a code or a label, stands for; null when it is neither.
  const std::string* CodeOf(std::string_view text) const;
  const std::string* LabelOf(std::string_view code) const;
};

class RedcapDictionary {
 public:
  /// kInvalidInput naming file and line for a file that is no dictionary, a choice without a comma
  /// or a field that stands twice; kFailed when it cannot be read.
  static Result<RedcapDictionary> Load(const std::filesystem::path& path);

  /// True when `head`, a file's first bytes, begins a data dictionary.
  static bool LooksLikeOne(std::string_view head);

  /// The field of a column, that of a checkbox's column ("field___3") too; null when there is none.
  const RedcapField* Find(std::string_view column) const;

  const std::map<std::string, RedcapField, std::less<>>& fields() const { return fields_; }

 private:
  std::map<std::string, RedcapField, std::less<>> fields_;
};

}  // namespace clinnova::intake
