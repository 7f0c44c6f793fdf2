// SPDX-License-Identifier: Apache-2.0
// A result file as a person wants to read it on a terminal.
#pragma once

#include <string>

namespace clinnova::cli {

/// Text of a result file's JSON: one section per analysis, estimates with intervals rounded sensibly,
/// odds and hazard ratios where the model has them, suppressed counts said to be so.
std::string ResultText(const std::string& result_json);

}  // namespace clinnova::cli
