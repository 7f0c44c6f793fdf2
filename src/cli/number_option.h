// SPDX-License-Identifier: Apache-2.0
// What a number given as an option may be, told as the interfaces ask: what was found, what was expected.
//
//   command->add_option("--threads", …)->check(WholeNumber(1, 256));
//   // clinnova: --threads: found "0", expected a whole number from 1 to 256
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <limits>

namespace clinnova::cli {

CLI::Validator WholeNumber(std::int64_t least,
                           std::int64_t most = std::numeric_limits<std::int64_t>::max());
CLI::Validator DecimalNumber(double least, double most = std::numeric_limits<double>::infinity());

}  // namespace clinnova::cli
