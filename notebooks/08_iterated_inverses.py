# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: -all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 Iterated inverses: are exact targets better?
#
# > **Minutes**: 50 to read and answer, under one to run. **Before this**: 07, target propagation;
# > singular values and the pseudo-inverse. **Seed**: 0 everywhere.
# >
# > **Rules**: [itp](../nofb/rules/iterated_inverses.py),
# > [itp_drl](../nofb/rules/iterated_difference_reconstruction.py),
# > [gnt](../nofb/rules/gauss_newton_targets.py). In a terminal: `nofb explain itp`.
#
# From a difference target, a layer nearly reaches the target above. Bengio (2020) makes this exact:
# repeat the difference until the layer maps its new input to the target above. The paper proves
# that this converges. The result is not a gradient, but a Gauss-Newton step, which is often
# considered better. The paper has no experiments. So we make some.
#
# **Does a network learn better from exact targets?**

# %%
import warnings

import numpy as np

import nofb
from nofb import Dense, Network, rules
from nofb.diagnosis import DEFAULT, GAUSS_NEWTON, ContractionWarning
from nofb.papers.bengio2020.anatomy import SHADES, figure
from nofb.papers.bengio2020.changes import ITERATIONS, over_iterations
from nofb.papers.bengio2020.contraction import contraction
from nofb.plots import LivePlot, in_notebook, lessons, slider

SEED, EPOCHS = 0, 15

# %% [markdown]
# ## The iteration
#
# Given are a layer $f$ and a target $t$ for its output. For which $h$ is $f(h) = t$? We have an
# approximate inverse $g$. So compute $f(h)$, and send the difference to the target down:
#
# $$
# h^{(k+1)} = h^{(k)} + g(t) - g(f(h^{(k)})), \qquad h^{(0)} = h_{l-1}
# $$
#
# Look at the first step. $f(h_{l-1}) = h_l$, so $h^{(1)} = h_{l-1} + g(t_l) - g(h_l)$: this is the
# difference target of lesson 07. It is the first iteration.


# %%
def iterates(f, g, t, h, times):
    """Return h⁽⁰⁾, h⁽¹⁾, ... , each (N, n_below), for the equation f(h) = t."""
    path = [h]
    for _ in range(times):
        path.append(path[-1] + g(t) - g(f(path[-1])))
    return path


# %% [markdown]
# Write $r(h) = g(f(h)) - h$ for the reconstruction error, and $h^*$ for the solution. Then
# $h^{(k+1)} = g(t) - r(h^{(k)})$ and $h^* = g(t) - r(h^*)$. Take the difference:
#
# $$
# h^{(k+1)} - h^* = r(h^*) - r(h^{(k)}), \qquad
# \lVert h^{(k)} - h^* \rVert \leq \rho^k\, \lVert h^{(0)} - h^* \rVert
# $$
#
# with the Lipschitz constant $\rho$ of $r$. If an inverse is 30 % wrong ($\rho = 0.3$), five
# iterations reduce the error to 0.2 %. If it is 100 % wrong, the iteration does not converge.
#
# The figure shows two linear units with $g \circ f = \mathrm{id} + \rho R$, where $R$ is a
# rotation. Each iteration multiplies the error by exactly $\rho$ and rotates it. Make $g$ worse, up
# to $\rho = 1$ and beyond.


# %%
def spiral(rho):
    """Draw the iterates of a layer, and their errors, for an inverse with error ρ."""
    turn = np.radians(140)
    R = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    W = np.array([[1.2, 0.4], [-0.5, 0.9]])
    G = np.linalg.inv(W) @ (np.eye(2) + rho * R)
    solution, h = np.array([[0.0, 0.0]]), np.array([[1.0, 0.6]])
    path = iterates(lambda h: h @ W, lambda z: z @ G, solution @ W, h, 20)
    return lessons.converging(np.concatenate(path), solution[0], rho)


slider(spiral, rho=[0.1, 0.3, 0.5, 0.7, 0.9, 1, 1.1])

# %% [markdown]
# And for a *learned* inverse? The layer has 60 tanh units and 20 inputs; its inverse was trained
# for 150, 300 or 600 steps. Dots are measured: the largest error of 50 samples. Lines are $\rho^k$
# with the largest $\rho$ that occurred, so no dot can be above its line.

# %%
found = {}
for steps in (150, 300, 600):
    after = contraction({"lessons": steps})
    bound = after["constant"] ** np.arange(13.0)
    found[f"{steps} steps: ρ = {after['constant']:.2f}"] = after["error"], bound
lessons.with_theory(found, "iteration", "error, relative to its start", top=None)

# %% [markdown]
# The rule in the library applies this iteration layer by layer. With one iteration it must have the
# targets of **dtp**. With no iteration, starting at $g(t)$, it must have those of **tp**:

# %%
digits = nofb.datasets.load("digits").centred().flat()


def build(hidden=5, **options):
    """Return a network 64-64-...-64-10 of tanh layers."""
    layers = [Dense(64, 64, activation="tanh") for _ in range(hidden)]
    return Network([*layers, Dense(64, 10)], seed=SEED, **options)


def targets(rule):
    """Return the targets of an untrained network, last to first."""
    net = build(3, dtype=np.float64)
    rule.attach(net, seed=SEED)
    trace = net.forward(digits.x_test[:50]).set_target(np.eye(10)[digits.y_test[:50]])
    return [t.copy() for _, t in rule.targets(net, trace)]


step = {"step_size": 0.1}
xavier = {"gradient_at_top": False, "inverse_init": "xavier"}
same = [
    (rules.make("itp", iterations=1, **step), rules.make("dtp", **xavier, **step)),
    (rules.IteratedFromInverse(iterations=0, **step), rules.make("tp", **step)),
]
for ours, theirs in same:
    pairs = zip(targets(ours), targets(theirs), strict=True)
    most = max(abs(a - b).max() for a, b in pairs)
    print(f"largest difference {most:.0e}")

# %% [markdown]
# ## The best change
#
# Suppose that every target is reached. Then the target of a lower layer is a change $\Delta_l$ of
# its $h_l$ that moves the output by exactly $-\hat\eta\, e$. Let $J_l$ $(n_L, n_l)$ be the Jacobian
# of the output with respect to $h_l$. Compare the gradient with the changes that move the output by
# this amount:
#
# $$
# \begin{aligned}
# \text{gradient:} && \Delta_l &= -\hat\eta\, e\, J_l
# && \text{in proportion to its effect} \\
# \text{any solution:} && \Delta_l J_l^\top &= -\hat\eta\, e
# && \text{the output moves by } -\hat\eta\, e \\
# \text{Gauss-Newton:} && \Delta_l &= -\hat\eta\, e\, (J_l J_l^\top)^{-1} J_l
# && \text{the shortest solution}
# \end{aligned}
# $$


# %%
def gauss_newton(J, e, damping=0.0):
    """Return the smallest change of h (n_l,) that moves the output by e (n_L,); J is (n_L, n_l)."""
    return np.linalg.solve(J @ J.T + damping * np.eye(len(J)), e) @ J


def null_space_part(J, change):
    """Return the part of a change in the null space of J, without effect on the output."""
    return change - gauss_newton(J, J @ change)


# %% [markdown]
# The left panel shows two units and two outputs. All points of a ring have the same output error.
# The gradient is perpendicular to its ring and misses the centre; Gauss-Newton points to the
# centre. The right panel shows two units and *one* output. Every point of the dashed line has the
# wanted output. The shortest change is perpendicular to the line. The long arrow also reaches the
# line, but most of its length is *along* the line, where the output does not change.


# %%
h = np.array([-1.0, 0.4])
J = np.array([[0.7, 0.9], [-0.25, 1.4]])
two_outputs = {
    "gradient": (h, -0.4 * (J @ h) @ J),
    "Gauss-Newton": (h, -gauss_newton(J, J @ h)),
}
row, along = np.array([[0.8, 0.5]]), np.array([0.5, -0.8])  # one output, and its null space
best = -gauss_newton(row, row @ h)
one_output = {
    "Gauss-Newton, the shortest": (h, best),
    "another solution": (h, best + along),
    "its part in the null space": (h + best, along),
}
lessons.directions(h, J, two_outputs, along * np.array([[-2], [2]]), one_output)

# %% [markdown]
# With square layers and exact inverses there is only one solution, so iterated targets *are* those
# of Gauss-Newton. This is the claim of the paper. Gauss-Newton has a good reputation, because it is
# a second-order method.
#
# ## The experiment
#
# We train five hidden layers of 64 tanh units on digits. With each batch the inverses take one
# step, then the weights. The number of iterations is one (this is **dtp**), two, three or five.
# *Write down what you expect.* Then run the cell.

# %%
PLAIN = {"noise": 0.0837, "inverse_lr": 1.96e-3, "step_size": 0.2195, "layer_norm": False}


def train(name, watch=(), **settings):
    """Return one run on digits, 64-5×64-10."""
    net, rule = build(), rules.make(name, **settings)
    probe = nofb.Probe(samples=50, measures=DEFAULT + GAUSS_NEWTON)
    options = {"optimizer": nofb.Adam(lr=0.001), "probe": probe, "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ContractionWarning)  # we measure it
        return nofb.fit(net, rule, digits, EPOCHS, 32, seed=SEED, callbacks=watch, **options)


watch = [LivePlot(epochs=EPOCHS)] if in_notebook() else []
iterated = {5: train("itp", watch, iterations=5, **PLAIN)}

# %%
iterated |= {K: train("itp", iterations=K, **PLAIN) for K in (3, 2, 1)}
runs = {name: train(name) for name in ("bp", "shallow")}


SHADED = {f"itp, K = {K}": shade for K, shade in zip((1, 2, 3, 5), SHADES[1:], strict=True)}


def histories(numbers, others):
    """Return the history for some numbers of iterations, and of other rules."""
    found = {f"itp, K = {K}": iterated[K].history for K in numbers}
    return found | {name: runs[name].history for name in others}


shown = histories((1, 2, 3, 5), ("bp", "shallow"))
lessons.accuracies(shown, "test accuracy", SHADED)

# %% [markdown]
# The more exact the targets, the worse the accuracy. Five iterations are no better than untrained
# hidden layers. The result on MNIST is the same: with layers of 256 units and after 15 epochs, the
# test error is 2.6 % with one iteration and 5.9 % with three (`nofb reproduce bengio2020`). The
# theorem is right, but exact targets do not improve learning.
#
# ## The targets of more iterations
#
# The next figure uses two trained networks with fixed weights, and increases the number of
# iterations. The left column is the run with $K = 1$ from above. (The right column is an improved
# rule, explained below.) The crosses use exact local inverses instead of learned ones: they are the
# limit of the left column with perfect inverses. We measure three properties of a change
# $\Delta_l$: its direction, the fraction of it that has no effect on the output, and its length.


# %%
def over(run, step=0.05):
    """Return measures of the targets of a trained network, over iterations."""
    net, rule = run.net, run.rule
    rule.step_size, rule.damping = step, 1.0
    trace = net.forward(digits.x_test[:100])
    trace.set_target(net.as_target(digits.y_test[:100], 100))
    return {"test_accuracy": run.history["test_accuracy"][-1], **over_iterations(rule, trace)}


runs["itp_drl"] = train("itp_drl")
found = {"reconstruction": over(iterated[1]), "difference reconstruction": over(runs["itp_drl"])}
figure([{"task": {"inverses": name}, "result": each} for name, each in found.items()])

# %% [markdown]
# In layers 4 and below, nearly all of an exact target's change **has no effect on the output**. And
# it is long, and longer in each lower layer. In a network of 5×256 units trained on MNIST it is
# more than a million times as long as that of Gauss-Newton. So iterations first move targets closer
# to Gauss-Newton, and then away from it.
#
# Did the iteration converge? It did in the output layer, whose target is the same for every $K$. In
# lower layers it did not: Lipschitz constants are above 1, and the required changes become longer
# and lie in directions where the inverse is inaccurate. So does the method fail only because the
# condition of the theorem is violated? No: the crosses are exact inverses, and they are even worse.

# %%
constants = iterated[1].history["lipschitz"][-1, 1:]
print("layers 2 to 6, Lipschitz constants " + " ".join(f"{each:.2f}" for each in constants))
for K, each in zip(ITERATIONS, found["reconstruction"]["iterated"]["residual"], strict=True):
    print(f"K = {K:2}: misses its target by   " + " ".join(f"{part:4.0%}" for part in each))

# %% [markdown]
# ## Why
#
# A hidden layer has 64 units and the output has ten. So of the 64 directions in which $h_l$ can
# change, at least 54 have no effect on the output. A *local* inverse has no information about these
# directions. It must reach its whole target, also in directions in which the layer hardly responds.
# A small change of the layer's output in such a direction needs a large change of its input, larger
# by one over the singular value. This change has no effect on the output, but the next inverse must
# reach all of it, and enlarges it again.
#
# In other words: the product of pseudo-inverses is not the pseudo-inverse of the product. Consider
# two linear layers, 50-50-10, and invert the same $e$ in both ways:

# %%
rng = np.random.default_rng(SEED)
W1, W2 = rng.standard_normal((50, 50)) / 7, rng.standard_normal((50, 10)) / 7
e = rng.standard_normal(10)
J = (W1 @ W2).T  # (10, 50)
ways = {
    "pinv(W₁ W₂), exact": e @ np.linalg.pinv(W1 @ W2),
    "pinv(W₂) pinv(W₁), local": e @ np.linalg.pinv(W2) @ np.linalg.pinv(W1),
}
for name, change in ways.items():
    fraction = np.sum(null_space_part(J, change) ** 2) / np.sum(change**2)
    print(
        f"{name:25} misses by {np.linalg.norm(J @ change - e):.0e}, "
        f"length {np.linalg.norm(change):4.1f}, in the null space {fraction:.0%}"
    )

# %% [markdown]
# Both move the output by exactly $e$, but the local change is longer. So a condition of the theorem
# is violated, *square layers with exact inverses*: the last layer, from 64 to 10, is not square.
# The other layers are square. The figure shows the singular values of their Jacobians in the
# network that you trained, at one test image. In each layer, an exact target is divided by these
# values.

# %%
trained, image = iterated[1].net, digits.x_test[:1]
trace = trained.forward(image)
values = {}
for number, layer in enumerate(trained.layers[1:-1], 2):
    slope = 1 - trace[layer].h[0] ** 2
    condition = found["reconstruction"]["condition"][number - 2]
    jacobian = layer.W.astype(float) * slope
    values[f"layer {number} ({condition:.0f})"] = np.linalg.svd(jacobian, compute_uv=False)
lessons.singular_values(values, SHADES, "layer (condition number,\nmedian of 100 images)")

# %% [markdown]
# A nearly saturated tanh unit hardly responds, and adds a very small singular value. An iteration
# first converges in directions with large singular values, and last in those with small ones. With
# early stopping, these directions are still nearly unchanged. So few iterations are not a worse
# inverse. They are a *regularised* inverse.
#
# ## The improved rule
#
# Train an inverse not on its own layer alone, but on the whole path *back from the output*
# (Meulemans et al. 2020). Noise in $h_{l-1}$ is sent up to the output and comes down like a target.
# The inverses learn to reconstruct the noise:
#
# $$
# \begin{aligned}
# \tilde h_{l-1} &= h_{l-1} + \xi, \qquad \tilde u_L = f_L(\ldots f_l(\tilde h_{l-1})) \\
# \tilde u_{m-1} &= h_{m-1} + g_m(\tilde u_m) - g_m(h_m) \qquad m = L, \ldots, l \\
# \Delta B_l & \quad \text{gradient descent on }
# \lVert \tilde u_{l-1} - \tilde h_{l-1} \rVert^2 / 2 \sigma^2
# \end{aligned}
# $$
#
# Noise without effect on the output never comes back, so no inverse learns to send signals in such
# directions. An iteration changes $h$ only within the range of $g_l$. If the inverses start at
# zero, this range contains mainly directions that affect the output; see the right column above.
# But the number of iterations must be small: the limit of the iteration still reaches all of $t_l$.
# `itp_drl` takes two iterations, each damped by ½.
#
# **gnt** is the reference: it computes $J_l$ from the true weights and inverts it exactly, with a
# little damping, $(J_l J_l^\top + c I)^{-1}$. This is weight transport, through several layers.

# %%
runs["gnt"] = train("gnt")
learned = histories((1, 3), ("itp_drl", "gnt", "bp", "shallow"))
shown = histories((1, 3), ("itp_drl", "gnt", "bp"))
lessons.step_angles(learned, shown, SHADED)

# %% [markdown]
# The right panel shows the direction of the weight step, from the highest hidden layer to the
# lowest one (the ring). **bp** is on one axis and **gnt** on the other. No rule can be in the
# corner, because the two differ: in the lowest layer by nearly 90°. The improved rule is closer to
# *both*. It learns faster than **dtp**, and ends at the accuracy of **dtp**.
#
# And look at **gnt** itself. It has the best possible inverse, but it does not learn better than
# backprop. On suitable problems Gauss-Newton is fast. Here, with a small damping, it computes for
# each sample alone the shortest change that corrects its output, and adds these changes up.
#
# So there are three results. The theorem is right: an iteration with $\rho < 1$ finds the exact
# target. The exact target is not useful: most of it has no effect on the output. The improved rule
# trains the inverses with noise at the *output* and stops the iteration early.

# %% [markdown]
# ## Questions
#
# 1. With `rho` at 1, the error keeps its size; at 1.1 it grows. Damp the iteration,
#    $h + \alpha\,(g(t) - g(f(h)))$. What is each error multiplied by now? For which angles of the
#    rotation $R$ is there an $\alpha$ with which the iteration converges at $\rho = 1.1$? For which
#    angle is there none?
# 2. What does the iteration do if $f$ has fewer units above than below? What are its fixed points
#    (think of $g(f(h)) = g(t)$), and which part of $h^{(0)}$ remains? Compare with starting at
#    $g(t)$.
# 3. Iterate the *argument of the inverse* instead: $u \leftarrow u + t - f(g(u))$, $h = g(u)$.
#    Which constant must be below 1 now? Write a function for it, like `iterates`, and try it with a
#    $g$ that is 10 % wrong.
# 4. Derive the Gauss-Newton change: the smallest $\lVert \Delta \rVert$ with
#    $\Delta J^\top = -\hat\eta\, e$. What is its limit for large $c$ in $(J J^\top + c I)^{-1}$?
#    Train **gnt** with `damping=0.1` and `damping=10`, and add both to the right panel.
# 5. Set the 50 in the linear example (50-50-10) to 11, and the first layer to a rotation. Which of
#    the two brings the local result close to the pseudo-inverse of the product, and why?
# 6. Compute the product of one over the smallest singular values of layers 2 to 5. Compare it with
#    the length of an exact target in layer 1. Why are they not equal?
# 7. `layer_norm=True` multiplies each $\Delta_l$ by $\lVert \Delta_L \rVert^2 / \lVert \Delta_l
#    \rVert^2$. Which of the problems of this lesson does this solve, and which not? Try it for
#    $K = 3$, then `damping=0.3` without it.
# 8. Train `itp_drl` with `iterations=5, damping=1.0`. What do you expect from the right column of
#    the figure above? Why does `itp_drl` start its inverses at zero? With a random start, what
#    would the part of the inverse do that training never changes?
# 9. A colleague reports that iterated targets are better than difference targets, on a network
#    20-20-20-20 with squared error. Do you believe it? Which measurements would you ask for?
