// SPDX-License-Identifier: Apache-2.0
// Code systems have many names: "http://loinc.org", "LOINC", "urn:oid:2.16.840.1.113883.6.1". Here each
// has one short name, and its codes one spelling.
#pragma once

#include <string>
#include <string_view>

namespace clinnova::vocabulary {

/// The short name of a code system: "ICD10", "ICD10GM", "ICD10FR", "ICD10CM", "SNOMED", "LOINC", "ATC",
/// "RxNorm", "UCUM", "Gender", "Visit", "Answer", "Clinnova"; what is not known comes back as it is.
std::string CodeSystemName(std::string_view uri_or_name);

/// True for every modification of ICD-10: its codes are looked up upwards (M05.79 -> M05.7 -> M05).
bool IsIcd10(std::string_view system_name);

/// The spelling under which a code is kept: ICD-10 without dot, daggers and blanks in upper case
/// ("M05.8-" is "M058"), words of the small value sets in lower case, others trimmed.
std::string NormalCode(std::string_view system_name, std::string_view code);

}  // namespace clinnova::vocabulary
