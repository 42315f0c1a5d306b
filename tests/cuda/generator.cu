#include "cuda/executor.hpp"
#include "cuda/learner.hpp"

RFPP_JUDGEMENTS(extern template, rfpp::test::Executor)
RFPP_GENERATOR(template, rfpp::test::Executor)
