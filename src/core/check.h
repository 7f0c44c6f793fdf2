// SPDX-License-Identifier: Apache-2.0
// CLINNOVA_CHECK(condition) is for our own bugs, never for input: it throws, and the job that ran
// into it ends; the process goes on.
#pragma once

#include <stdexcept>
#include <string>

namespace clinnova::core {

/// A broken invariant: a bug in Clinnova.
class CheckFailure : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void FailCheck(const char* condition, const char* file, int line) {
  throw CheckFailure(std::string("internal error: ") + condition + " at " + file + ":" +
                     std::to_string(line));
}

}  // namespace clinnova::core

#define CLINNOVA_CHECK(condition)         \
  (static_cast<bool>(condition) ? void(0) \
                                : ::clinnova::core::FailCheck(#condition, __FILE__, __LINE__))
