// SPDX-License-Identifier: Apache-2.0
#include "vocabulary/code_system.h"

#include <array>
#include <cctype>
#include <utility>

#include "core/text.h"

namespace clinnova::vocabulary {
namespace {

/// URIs and names that are met in the four countries' files, in lower case and without a final slash.
constexpr std::array<std::pair<std::string_view, std::string_view>, 53> kNames{{
    {"http://hl7.org/fhir/sid/icd-10", "ICD10"},
    {"urn:oid:2.16.840.1.113883.6.3", "ICD10"},
    {"icd10", "ICD10"},
    {"icd-10", "ICD10"},
    {"http://fhir.de/codesystem/bfarm/icd-10-gm", "ICD10GM"},
    {"http://fhir.de/codesystem/dimdi/icd-10-gm", "ICD10GM"},
    {"http://hl7.org/fhir/sid/icd-10-de", "ICD10GM"},
    {"icd10gm", "ICD10GM"},
    {"icd-10-gm", "ICD10GM"},
    {"http://hl7.org/fhir/sid/icd-10-cm", "ICD10CM"},
    {"urn:oid:2.16.840.1.113883.6.90", "ICD10CM"},
    {"icd10cm", "ICD10CM"},
    {"icd-10-cm", "ICD10CM"},
    {"http://hl7.org/fhir/sid/icd-10-fr", "ICD10FR"},
    {"https://smt.esante.gouv.fr/terminologie-cim-10", "ICD10FR"},
    {"icd10fr", "ICD10FR"},
    {"icd-10-fr", "ICD10FR"},
    {"cim10", "ICD10FR"},
    {"cim-10", "ICD10FR"},
    {"http://snomed.info/sct", "SNOMED"},
    {"snomed", "SNOMED"},
    {"snomed ct", "SNOMED"},
    {"sct", "SNOMED"},
    {"http://loinc.org", "LOINC"},
    {"urn:oid:2.16.840.1.113883.6.1", "LOINC"},
    {"loinc", "LOINC"},
    {"http://www.whocc.no/atc", "ATC"},
    {"http://fhir.de/codesystem/bfarm/atc", "ATC"},
    {"http://fhir.de/codesystem/dimdi/atc", "ATC"},
    {"urn:oid:2.16.840.1.113883.6.73", "ATC"},
    {"atc", "ATC"},
    {"http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm"},
    {"rxnorm", "RxNorm"},
    {"http://fhir.de/codesystem/bfarm/ops", "OPS"},
    {"http://fhir.de/codesystem/dimdi/ops", "OPS"},
    {"ops", "OPS"},
    {"https://smt.esante.gouv.fr/terminologie-ccam", "CCAM"},
    {"ccam", "CCAM"},
    {"http://www.bfs.admin.ch/chop", "CHOP"},
    {"chop", "CHOP"},
    {"http://www.cms.gov/medicare/coding/icd10", "PCS"},
    {"icd-10-pcs", "PCS"},
    {"icd10pcs", "PCS"},
    {"http://unitsofmeasure.org", "UCUM"},
    {"ucum", "UCUM"},
    {"http://hl7.org/fhir/administrative-gender", "Gender"},
    {"gender", "Gender"},
    {"http://terminology.hl7.org/codesystem/v3-actcode", "Visit"},
    {"visit", "Visit"},
    {"answer", "Answer"},
    {"operator", "Operator"},
    {"clinnova", "Clinnova"},
    {"urn:clinnova", "Clinnova"},
}};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

std::string CodeSystemName(std::string_view uri_or_name) {
  uri_or_name = Trim(uri_or_name);
  std::string key = core::AsciiLower(uri_or_name);
  while (!key.empty() && key.back() == '/') key.pop_back();
  for (const auto& [spelling, name] : kNames) {
    if (key == spelling) return std::string(name);
  }
  return std::string(uri_or_name);
}

bool IsIcd10(std::string_view system_name) { return system_name.substr(0, 5) == "ICD10"; }

std::string NormalCode(std::string_view system_name, std::string_view code) {
  code = Trim(code);
  if (IsIcd10(system_name)) {
    std::string normal;
    for (const char c : code) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isspace(byte)) break;  // "M05.80 G": what follows is the German diagnostic certainty
      if (std::isalnum(byte)) normal += static_cast<char>(std::toupper(byte));
    }
    return normal;
  }
  if (system_name == "Gender" || system_name == "Visit" || system_name == "Answer") {
    return core::AsciiLower(code);
  }
  return std::string(code);
}

}  // namespace clinnova::vocabulary
