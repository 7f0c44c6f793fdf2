// SPDX-License-Identifier: Apache-2.0
// Errors as values. Whatever can fail in use returns Result<T>; nothing throws across a room's edge.
//
//   Result<Table> table = ReadCsv(path);
//   if (!table) return Fail(table);          // passes the error on
//   if (x < 0) return Fail(ErrorCode::kInvalidInput, "age: found -1, expected 0 or more");
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace clinnova::core {

/// What the caller can do about it. The command line's exit code follows from it (interfaces.md).
enum class ErrorCode {
  kFailed,        ///< the work failed: exit 1
  kInvalidInput,  ///< the arguments or an input file are wrong: exit 2
  kRefused,       ///< a policy said no (disclosure, approval, consent): exit 3
  kUnreachable,   ///< a peer could not be reached: exit 4
};

/// `message` is one line, safe to show to the person at this machine. It may hold file names, line
/// numbers and values of configuration; it never holds a patient's value.
/// What crosses the site boundary is only the code and `reason`, a fixed word without values.
struct Error {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;
  std::string reason;  ///< machine-readable, for example "cohort_below_threshold"; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;

/// The text with a space for every control character: what was found in a file may be an end of line.
inline std::string InOneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return text;
}

/// A new error; its message is made one line.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string reason = {}) {
  return tl::unexpected<Error>(Error{code, InOneLine(std::move(message)), std::move(reason)});
}

/// Passes a failed result's error on.
template <typename T>
tl::unexpected<Error> Fail(const Result<T>& failed) {
  return tl::unexpected<Error>(failed.error());
}

/// Passes an error on with where it happened in front: "site basel: unknown column".
template <typename T>
tl::unexpected<Error> FailAt(std::string_view where, const Result<T>& failed) {
  Error error = failed.error();
  error.message = InOneLine(std::string(where) + ": " + error.message);
  return tl::unexpected<Error>(std::move(error));
}

/// The command line's exit code for an error: 1, 2, 3 or 4.
inline int ExitCode(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidInput: return 2;
    case ErrorCode::kRefused: return 3;
    case ErrorCode::kUnreachable: return 4;
    case ErrorCode::kFailed: break;
  }
  return 1;
}

}  // namespace clinnova::core

namespace clinnova {
using core::Error;
using core::ErrorCode;
using core::Fail;
using core::FailAt;
using core::Result;
}  // namespace clinnova

/// Assigns the value of a Result to `target`, or returns its error from the enclosing function.
#define CLINNOVA_CONCAT_(a, b) a##b
#define CLINNOVA_CONCAT(a, b) CLINNOVA_CONCAT_(a, b)
#define CLINNOVA_ASSIGN(target, expression) \
  CLINNOVA_ASSIGN_(CLINNOVA_CONCAT(result_, __LINE__), target, expression)
#define CLINNOVA_ASSIGN_(result, target, expression) \
  auto result = (expression);                        \
  if (!result) return ::clinnova::Fail(result);      \
  target = std::move(*result)
/// Returns the error of a Result<void> from the enclosing function.
#define CLINNOVA_TRY(expression) \
  if (auto result_ = (expression); !result_) return ::clinnova::Fail(result_)
