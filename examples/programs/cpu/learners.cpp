#include "../learner.hpp"

#include "../cpu/objective.hpp"
#include "rfpp/restorer/on_cpu.hpp"

using namespace rfpp;

template std::unique_ptr<Learner<RestoreFormerPlusPlusSmall>>
rfpp::on_cpu<LearnerService<RestoreFormerPlusPlusSmall>>(int, const TrainSettings&);
template std::unique_ptr<Learner<RohqdSmall>> rfpp::on_cpu<LearnerService<RohqdSmall>>(int,
                                                                                       const TrainSettings&);
