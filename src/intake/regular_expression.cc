// SPDX-License-Identifier: Apache-2.0
#include "intake/regular_expression.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <utility>

namespace clinnova::intake {
namespace {

/// Steps of a match before it is given up, and depth: PCRE2 uses the heap, not the stack, for them.
constexpr std::uint32_t kMostSteps = 1'000'000;

PCRE2_SPTR Bytes(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string Words(int error) {
  unsigned char words[256];
  if (pcre2_get_error_message(error, words, sizeof words) < 0) return "an unknown error";
  return reinterpret_cast<const char*>(words);
}

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

}  // namespace

struct RegularExpression::State {
  std::unique_ptr<pcre2_code, Free> code;
  std::unique_ptr<pcre2_match_data, Free> data;
  std::unique_ptr<pcre2_match_context, Free> context;
};

RegularExpression::RegularExpression(std::unique_ptr<State> state) : state_(std::move(state)) {}
RegularExpression::~RegularExpression() = default;
RegularExpression::RegularExpression(RegularExpression&&) noexcept = default;
RegularExpression& RegularExpression::operator=(RegularExpression&&) noexcept = default;

Result<RegularExpression> RegularExpression::Compile(std::string_view pattern) {
  int error = 0;
  PCRE2_SIZE place = 0;
  auto state = std::make_unique<State>();
  state->code.reset(pcre2_compile(Bytes(pattern), pattern.size(), PCRE2_UTF | PCRE2_DOTALL, &error,
                                  &place, nullptr));
  if (!state->code) {
    return Fail(ErrorCode::kInvalidInput, Words(error) + " at byte " + std::to_string(place));
  }
  pcre2_jit_compile(state->code.get(), PCRE2_JIT_COMPLETE);  // where it cannot, matching interprets
  state->data.reset(pcre2_match_data_create_from_pattern(state->code.get(), nullptr));
  state->context.reset(pcre2_match_context_create(nullptr));
  if (!state->data || !state->context) return Fail(ErrorCode::kFailed, "out of memory");
  pcre2_set_match_limit(state->context.get(), kMostSteps);
  pcre2_set_depth_limit(state->context.get(), kMostSteps);
  return RegularExpression(std::move(state));
}

Result<bool> RegularExpression::Matches(std::string_view text, Where where) const {
  const auto match = [&](std::uint32_t options) {
    if (where == Where::kWhole) options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    return pcre2_match(state_->code.get(), Bytes(text), text.size(), 0, options, state_->data.get(),
                       state_->context.get());
  };
  int found = match(0);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);  // slower, on the heap
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return Fail(ErrorCode::kInvalidInput, Words(found));
}

Result<std::string> RegularExpression::Replace(std::string_view text, std::string_view with) const {
  constexpr std::uint32_t kOptions = PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH |
                                     PCRE2_SUBSTITUTE_UNKNOWN_UNSET | PCRE2_SUBSTITUTE_UNSET_EMPTY;
  std::string out(text.size() + with.size() + 64, '\0');
  for (;;) {
    PCRE2_SIZE size = out.size();
    const int replaced =
        pcre2_substitute(state_->code.get(), Bytes(text), text.size(), 0, kOptions,
                         state_->data.get(), state_->context.get(), Bytes(with), with.size(),
                         reinterpret_cast<PCRE2_UCHAR*>(out.data()), &size);
    if (replaced >= 0) {
      out.resize(size);
      return out;
    }
    if (replaced != PCRE2_ERROR_NOMEMORY || size <= out.size()) {
      return Fail(ErrorCode::kInvalidInput, Words(replaced));
    }
    out.resize(size);
  }
}

}  // namespace clinnova::intake
