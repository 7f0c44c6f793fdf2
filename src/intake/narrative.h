// SPDX-License-Identifier: Apache-2.0
// Whether the XHTML of a FHIR narrative keeps FHIR's rules (http://hl7.org/fhir/R4/narrative.html#rules, invariants
// txt-1 and txt-2): one well-formed div of XHTML's namespace, made of formatting elements and attributes only, with
// something in it to read or to see.
//
//   KeepsNarrativeRules(R"(<div xmlns="http://www.w3.org/1999/xhtml"><p>Anna</p></div>)");   // true
//   KeepsNarrativeRules(R"(<div xmlns="http://www.w3.org/1999/xhtml"><script/></div>)");     // false
#pragma once

#include <string_view>

namespace clinnova::intake {

/// False for text that is no XML, too; XML's five entities are the only named ones. No error. Any thread.
bool KeepsNarrativeRules(std::string_view xhtml);

}  // namespace clinnova::intake
