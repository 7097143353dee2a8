"""The stories of the notebooks: what a chapter is about, and its pictures.

A picture is drawn by `nofb.course.pictures`, with the functions that the student has written.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """A picture in a notebook.

    Attributes
    ----------
    after
        The number of the task that it follows.
    text
        What is drawn, and what it is good for.
    code
        The cell that draws it.
    asks
        What to think about; nobody grades it.
    """

    after: str
    text: str
    code: str
    asks: str


@dataclass(frozen=True)
class Story:
    """The story of a chapter.

    Attributes
    ----------
    lessons
        The lessons to read first.
    opening
        A few paragraphs.
    scenes
        Its pictures.
    """

    lessons: str
    opening: str
    scenes: tuple[Scene, ...]


def call(picture: str, *tasks: str, more: str = "") -> str:
    """Return the cell that draws a picture with the answers to some tasks."""
    answers = ", ".join(f'yours("{task}")' for task in tasks)
    return f"pictures.{picture}({answers}{more})"


STORIES = {
    1: Story(
        lessons="00 and 01",
        opening="A network makes a mistake. Which weights are responsible, and for how much of it? "
        "This is the question of *credit assignment*, and every rule of this course is an answer "
        "to it.\n\n"
        "In this chapter you write the parts that all rules share: the error at the output, the "
        "slope of a unit, the update of a weight, and a step of the optimizer. At the end your "
        "functions together are backprop. You then see what backprop needs, and what a brain "
        "does not have.",
        scenes=(
            Scene(
                "1.3",
                "Three activations $f$, and their slopes. The lines are your functions; the dots "
                "are measured: $(f(a + \\varepsilon) - f(a - \\varepsilon)) / 2\\varepsilon$.",
                call("slopes", "1.1", "1.2", "1.3"),
                "A signal is multiplied by this slope in every layer. What happens to it in a "
                "network of ten layers of logistic units? And of ten layers of tanh units?",
            ),
            Scene(
                "1.7",
                "Now your functions compute the update of a whole network, 5-4-3. Each dot is one "
                "weight. On the line, your update is the gradient.",
                call("gradient_check", "1.7", "1.6", "1.2"),
                "Leave out the slope in your task 1.2 (`return signal`), and run this cell again. "
                "Which matrix is still right, and why? Then undo it.",
            ),
            Scene(
                "1.8",
                "Your optimizer in a narrow valley, forty steps from the same point. The height "
                "is $0.05\\,w_1^2 + w_2^2$.",
                call("valley", "1.8"),
                "With $\\mu = 0$ the path is slow along the valley. With $\\mu = 0.9$ it "
                "overshoots. Why does the same memory do both?",
            ),
        ),
    ),
    2: Story(
        lessons="02",
        opening="Backprop sends the error down through $W^\\top$. Each synapse that leads down "
        "would have to know the strength of another synapse, which leads up. No mechanism is known "
        "that copies it. This is the *weight transport problem*.\n\n"
        "In 2016 Lillicrap and others replaced $W^\\top$ by a matrix $B$ of fixed random numbers. "
        "The network learned all the same. Your task is one line of code; the question why it "
        "works takes the rest of the chapter.",
        scenes=(
            Scene(
                "2.1",
                "A network 64-100-10 learns digits: by backprop, and by feedback alignment with "
                "*your* line. On the right is the angle between your signal and backprop's. The "
                "grey band holds 95 % of the angles of random signals.",
                call("learns", "2.1"),
                "The angle falls, and no line of your code makes it small. What has changed, and "
                "what has not?",
            ),
            Scene(
                "2.5",
                "Now the angle between $B$ and $W^\\top$ of the output layer, in the same run, "
                "beside your prediction: the five numbers of your answer to 2.5.",
                call("angles", "2.1", more=', prediction("2.5")'),
                "Where were you wrong, and what did you not take into account? Do not change your "
                "prediction.",
            ),
        ),
    ),
    3: Story(
        lessons="03",
        opening="In feedback alignment an error still passes from layer to layer. Nøkland (2016) "
        "sent it to every layer directly, through a random matrix for each layer. No layer waits "
        "for another one. Others went further: the error enters at the first layer and travels up, "
        "or only the label is sent, or only the signs of the errors.",
        scenes=(
            Scene(
                "3.1",
                "A network of four hidden tanh layers without biases; **all weights are 0**. "
                "Coloured squares are weight matrices that are no longer zero.",
                call("from_zero", "3.1"),
                "Backprop never moves any weight here. Which two facts about direct feedback make "
                "the staircase?",
            ),
            Scene(
                "3.4",
                "The signals of 200 samples in a layer of 40 units, computed with your task 3.1. "
                "The picture shows how large they are along each of their directions.",
                call("directions", "3.1"),
                "With 10 classes there are 9 directions, not 10 and not 40. Why? What does it mean "
                "for a layer of 1000 units?",
            ),
        ),
    ),
    4: Story(
        lessons="04",
        opening="Must the feedback path know the weights exactly, or is a part of the information "
        "enough? Liao, Leibo and Poggio (2016) kept only the signs: whether a synapse excites or "
        "inhibits. A sign is one bit.",
        scenes=(
            Scene(
                "4.1",
                "Each dot is one weight and its partner in $B$. The title has the angle between "
                "$B$ and $W^\\top$.",
                call("partners", "4.1"),
                "All dots of your $B$ are in two quadrants. Why does this alone bring the angle "
                "below 90°?",
            ),
            Scene(
                "4.2",
                "Your two functions train a network, beside backprop and feedback alignment.",
                call("learns", "4.1", "4.2"),
                "Sign-symmetry starts with a small angle, feedback alignment ends with one. What "
                "does each of them cost a brain?",
            ),
        ),
    ),
    5: Story(
        lessons="05",
        opening="Feedback alignment never changes $B$. A weight mirror does (Akrout and others, "
        "2019). Between two training steps, the units of one layer emit random noise, and the next "
        "layer responds. A feedback synapse sees the noise at one end and the response at the "
        "other. From these two it can learn the weight between them.",
        scenes=(
            Scene(
                "5.3",
                "Your mirror at work. The matrix on the right is $W^\\top$, with two stripes so "
                "that you recognise it. The mirror never reads it: your `drive` does, as the "
                "forward path of a brain would.",
                call("matrices", "5.1", "5.2", "5.3"),
                "Find the only line of your three functions that contains `W`. Why can a brain "
                "compute it, but not $\\delta W^\\top$?",
            ),
            Scene(
                "5.5",
                "How fast does it come close, and how close? Each mirror step uses 16 noise "
                "vectors, and $\\lambda = 0.02$. Your prediction is drawn too: the five numbers of "
                "your answer to 5.5.",
                call("angles", "5.1", "5.2", "5.3", more=', prediction("5.5")'),
                "The angle stops falling. What would you change to make it smaller, and what does "
                "that cost?",
            ),
        ),
    ),
    6: Story(
        lessons="06",
        opening="A mirror needs a second phase. Kolen and Pollack (1994) found a way without one. "
        "The forward synapse and the feedback synapse between two units have the same two numbers "
        "at their ends. If both compute the same step from them, and both forget a little, their "
        "difference vanishes. Neither reads the other.",
        scenes=(
            Scene(
                "6.2",
                "Your two functions in a layer that receives nothing but noise: no data, no error. "
                "Lines are measured, dots are the law $(1 - \\lambda)^t$.",
                call("law", "6.1", "6.2"),
                "The law holds for pure noise. What does this show about the assumptions that its "
                "derivation makes on $h$ and $\\delta$? Why does the angle for $\\lambda = 0$ fall "
                "although the gap does not?",
            ),
        ),
    ),
    7: Story(
        lessons="07 and 08",
        opening="So far, *signals* came back. The other family sends *targets*: what a layer "
        "should have given. A layer passes a target down through an inverse $g$ that it has "
        "learned. But learned inverses are not exact, and then a plain target is wrong even where "
        "nothing should change.",
        scenes=(
            Scene(
                "7.3",
                "Forty samples of two units. The inverse of this picture is too short by a fifth, "
                "and has an offset. Arrows lead from $h$ to its target; circles are the exact "
                "targets.",
                call("targets", "7.3"),
                "Which part of the error of the inverse cancels in your difference, and which part "
                "does not?",
            ),
            Scene(
                "7.4",
                "Your iteration, for four inverses that are wrong by different factors.",
                call("iterations", "7.4"),
                "For which of the four does an iteration help? State the condition in one "
                "sentence, and say who would have to guarantee it in a brain.",
            ),
            Scene(
                "7.5",
                "Two units and one output. All points of the dashed line move the output by the "
                "same amount.",
                call("smallest", "7.5"),
                "Most of an exact target can have no effect on the output (lesson 08). Where in "
                "this picture would such a part lie, and why does yours have none?",
            ),
        ),
    ),
    8: Story(
        lessons="09, 10 and 11",
        opening="Real networks have convolutions, pooling, shortcuts, normalisation and attention. "
        "Does each of them need its own kind of feedback? In this chapter you find out which of "
        "them have weights to transport, and which only have a derivative of activations. At the "
        "end you write the two steps of TOAST, in which a feedback path steers a network that does "
        "not change at all.",
        scenes=(
            Scene(
                "8.2",
                "A digit, its means over windows of 2 x 2 pixels, and what your `to_windows` sends "
                "back.",
                call("pooling", "8.1", "8.2"),
                "The picture on the right is not the digit. What was lost, and why is there "
                "nothing to transport?",
            ),
            Scene(
                "8.3",
                "Every patch sends back ones. So each number is the number of patches that have "
                "this pixel.",
                call("overlaps", "8.3"),
                "A pixel in the middle gets nine signals with patches of 3 x 3, a corner gets one. "
                "Is this a mistake, or is it right?",
            ),
            Scene(
                "8.5",
                "One row of attention weights. The loss asks for more of token 3. The picture on "
                "the right is your signal on the scores.",
                call("competition", "8.4", "8.5"),
                "Only one weight was asked to change, but all scores get a signal. Why must they "
                "sum to 0?",
            ),
            Scene(
                "8.10",
                "A scene of 36 tokens: a sun at the top left, a house at the bottom right. The "
                "upper row shows which tokens your task 8.9 selects for a task vector, the lower "
                "row how much your task 8.10 changes the output of each token.",
                call("task", "8.9", "8.10"),
                "The last task points away from everything. What could it learn from its data, and "
                "what could TOAST's authors do about it?",
            ),
        ),
    ),
    9: Story(
        lessons="12",
        opening="You have written the heart of a dozen rules. In this chapter you meet rules that "
        "have no backward pass at all, a rule that transports weights in secret, and a tool that "
        "finds such a secret. At the end you write a rule of your own.",
        scenes=(
            Scene(
                "9.1",
                "PEPITA runs the network twice. The bars are hidden activations of the first pass, "
                "the marks those of the second pass, with the error added to the input by your "
                "function.",
                call("second_pass", "9.1"),
                "A layer learns from the difference of the two passes. Why does it stop to learn "
                "where the error is 0?",
            ),
            Scene(
                "9.2",
                "The mean of your credit over many samples, and the true gradient.",
                call("from_noise", "9.2"),
                "How many samples would a layer of a million units need for an angle of 45°? What "
                "follows for learning from noise alone?",
            ),
        ),
    ),
}
