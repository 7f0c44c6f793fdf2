// SPDX-License-Identifier: Apache-2.0
// Whom research may see, as parts of a statement that groups rows by person: what the view clinnova.research_person
// says of everybody, without its joins, which cost a statement about a handful of persons a third of its time.
//
//   const ResearchConsent consent = ResearchConsentOn("2026-11-26", true);
//   "SELECT person_id, " + consent.given +
//       " FROM (SELECT person_id, " + consent.key + " AS consent_key FROM clinnova.consent) r GROUP BY person_id"
#pragma once

#include <string>

namespace clinnova::store {

struct ResearchConsent {
  /// An expression of clinnova.consent's columns; NULL unless the consent is one to research and in force.
  std::string key;
  /// An aggregate over rows r that have it as consent_key, true or false.
  std::string given;
};

/// `day` as in "2026-11-26". `required`: who has said nothing is left out.
ResearchConsent ResearchConsentOn(const std::string& day, bool required);

}  // namespace clinnova::store
