// SPDX-License-Identifier: Apache-2.0
#include "intake/stage_values.h"

namespace clinnova::intake {

void CodeOrNull(core::SqlAppender& rows, CodeLookup& lookup, const std::vector<SourceCode>& codes) {
  if (codes.empty()) {
    rows.Null();
    rows.Null();
    return;
  }
  const SourceCode* said = &codes.front();
  std::int64_t concept_id = 0;
  for (const SourceCode& code : codes) {
    const vocabulary::Concept* known = lookup.Resolve(code);
    if (known == nullptr || known->standard != "S") continue;
    concept_id = known->id;
    said = &code;
    break;
  }
  rows.Int64(concept_id);
  TextOrNull(rows, said->code.empty() ? said->display : said->code);
}

}  // namespace clinnova::intake
