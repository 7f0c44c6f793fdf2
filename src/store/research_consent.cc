// SPDX-License-Identifier: Apache-2.0
#include "store/research_consent.h"

#include "core/duckdb.h"

namespace clinnova::store {

// The view takes the status of the newest consent in force, and of two from one day the one that is not given. The
// key's order says the same, and its last bit the status.
ResearchConsent ResearchConsentOn(const std::string& day, bool required) {
  const std::string date = "DATE " + core::SqlLiteral(day);
  return {.key = "CASE WHEN purpose = 'research' AND (valid_from IS NULL OR valid_from <= " + date +
                 ")\n    AND (valid_to IS NULL OR valid_to >= " + date +
                 ") THEN\n    coalesce(epoch_us(valid_from::TIMESTAMP), -4000000000000000000) * 2\n"
                 "    + CASE WHEN status = 'given' THEN 0 ELSE 1 END END",
          .given = std::string("coalesce(max(r.consent_key) % 2 = 0, ") +
                   (required ? "false" : "true") + ")"};
}

}  // namespace clinnova::store
