// SPDX-License-Identifier: Apache-2.0
// Pseudonyms that an outside service made: the list that a trust centre (gPAS, Mainzelliste, E-PIX and their like) hands
// to a site, of whom it gave which pseudonym. A CSV file with comma, semicolon or tab, in UTF-8:
//
//   identifier,pseudonym             identifier: the patient as the exports name him
//   4711,MS-7K2Q9
//
//   identifier,system,pseudonym      with a system: the Patient.identifier of FHIR that has it; where it is empty,
//   4711,https://h.example/mrn,A1    as above
//
//   CLINNOVA_ASSIGN(const PseudonymList list, PseudonymList::Load("trust-centre.csv"));
//   list.Find("", "4711")->pseudonym;     // "MS-7K2Q9"
//
// Property: the list says who is who, as nothing else at the site does: it is refused when others than its owner may
// read it, none of its identifiers is in an error's text, and nothing but its pseudonyms leaves this object.
// Thread rule: immutable value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::intake {

class PseudonymList {
 public:
  struct Entry {
    std::string identifier, system;  ///< for this program's own use: in no text, in no table
    std::string pseudonym;           ///< at most 50 characters, as person_source_value has room for
    std::uint64_t line = 0;
  };

  /// kInvalidInput with the file's name and the line: a header of other columns, a row of another number of fields, an
  /// empty field, a text that is not UTF-8, one identifier with two pseudonyms, one pseudonym for two identifiers of
  /// one system, a pseudonym that is too long or is an identifier of the list, a list without a row, or a file that
  /// others may read. kFailed when it cannot be read.
  static Result<PseudonymList> Load(const std::string& path);

  /// Null where the list has no such row. The pointer lives as long as the list.
  const Entry* Find(std::string_view system, std::string_view identifier) const;

  /// By system and identifier.
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const std::string& path() const { return path_; }

 private:
  Result<void> Add(Entry entry);
  Result<void> CheckPseudonyms() const;
  tl::unexpected<Error> LineError(std::uint64_t line, const std::string& what) const;

  std::string path_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace clinnova::intake
