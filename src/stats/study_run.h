// SPDX-License-Identifier: Apache-2.0
// A whole study over a federation: its analyses in order, and the result file.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/federation.h"
#include "federation/study.h"

namespace clinnova::stats {

/// Rows of a site's table as the site tells them; negative = suppressed.
struct SiteRows {
  std::string name;
  std::int64_t rows = -1;
};

/// What RunStudy tells while it works: the analysis about to run, and how many are done.
using StudyProgress =
    std::function<void(const std::string& analysis, std::size_t done, std::size_t total)>;

struct StudyOutcome {
  std::string result_json;    ///< the result file, interfaces.md
  std::vector<Error> errors;  ///< of analyses that failed or were refused, in order
};

/// Runs every analysis. One that fails or is refused has an `error` {code, reason, message} in the result and
/// does not stop the others; kInvalidInput and kUnreachable stop the study.
/// `rows` are listed under "sites" in the order given.
Result<StudyOutcome> RunStudy(federation::Federation& federation, const federation::Study& study,
                              const std::vector<SiteRows>& rows, const StudyProgress& progress);

}  // namespace clinnova::stats
